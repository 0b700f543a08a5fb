// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

/** Traits that the request prefers are there, those that it avoids are not. Not in Nova. */
export const traits = defineWeigher({
  name: "traits",
  source: "none",
  defaultMultiplier: 1,
  multiplierKey: "traits_weight_multiplier",
  weigh({ traits: present }, { traits: wanted }) {
    const countOf = (names: readonly string[] = []): number =>
      names.filter((name) => present?.has(name)).length;
    return countOf(wanted?.preferred) - countOf(wanted?.avoided);
  },
});
