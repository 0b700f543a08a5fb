// SPDX-License-Identifier: Apache-2.0
import { defineInvariant } from "./invariant.ts";

/** Lines that are logged when something happens that nobody thought of; agents end after a restore. */
const bug = /bug|^task failed$|^handler failed$|^process threw$/;

export const noBugs = defineInvariant({
  name: "no-bugs",
  says: "no part of the product fails by an error that it does not know",
  watch({ errors }) {
    let seen = 0;
    return {
      afterStep: () => {
        for (; seen < errors.length; seen += 1) {
          const error = errors[seen];
          if (error === undefined || error.cause.startsWith("HistoryWentBack")) continue;
          if (bug.test(error.message)) {
            return `${error.process} logs "${error.message}": ${error.cause}`;
          }
        }
        return undefined;
      },
    };
  },
});
