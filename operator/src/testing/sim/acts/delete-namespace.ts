// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";
import { namespaces } from "../world/people.ts";

const attemptMs = 10_000;
const attemptsMax = 20;

export const deleteNamespace = defineAct({
  name: "delete-namespace",
  says: "a namespace is deleted with all that is in it, and made anew when it is gone",
  weight: 0.3,
  async strike({ people, later }, chance) {
    const name = chance.pick(namespaces) ?? "";
    await people.deleteNamespace(name);
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      later(attempt * attemptMs, () => void people.makeNamespace(name));
    }
  },
});
