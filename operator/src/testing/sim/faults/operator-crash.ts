// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const operatorCrash = defineFault({
  name: "operator-crash",
  says: "an operator is killed, and started again",
  weight: 3,
  strike: ({ operators }, chance) => chance.pick(operators)?.supervisor.kill(),
});
