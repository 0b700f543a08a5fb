// SPDX-License-Identifier: Apache-2.0
import { defineInvariant } from "./invariant.ts";

/** Protocol P6. */
export const withinRights = defineInvariant({
  name: "within-rights",
  says: "nobody asks for what rights and admission policies do not give",
  watch({ api: { kube } }) {
    let seen = 0;
    return {
      afterStep: () => {
        const denial = kube.denials[seen];
        if (denial === undefined) return undefined;
        seen += 1;
        return `${denial.user} may not ${denial.verb} ${denial.kind}: ${denial.message}`;
      },
    };
  },
});
