// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

export const traits = defineWeigher({
  name: "traits",
  source: "none",
  about: "Traits that the request prefers are there, those that it avoids are not.",
  defaultMultiplier: 1,
  multiplierKey: "traits_weight_multiplier",
  measureFor({ traits: { preferred, avoided } = { preferred: [], avoided: [] } }) {
    if (preferred.length + avoided.length === 0) return undefined;
    return ({ traits: present }) => {
      const countOf = (names: readonly string[]): number =>
        names.filter((name) => present?.has(name)).length;
      return countOf(preferred) - countOf(avoided);
    };
  },
});
