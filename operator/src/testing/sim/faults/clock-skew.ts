// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

const hourMs = 3_600_000;

export const clockSkew = defineFault({
  name: "clock-skew",
  says: "the wall clock of a machine jumps, and stays so",
  weight: 2,
  strike({ nodes, operators }, chance) {
    const victim = chance.pick([...nodes, ...operators]);
    if (victim === undefined) return;
    const boundMs = chance.pick([2000, 90_000, 2 * hourMs, 400 * 24 * hourMs]) ?? 0;
    victim.wallOffsetMs = chance.whole(-boundMs, boundMs);
  },
});
