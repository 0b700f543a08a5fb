// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const qemuKilled = defineFault({
  name: "qemu-killed",
  says: "a guest's QEMU is killed",
  weight: 2,
  strike({ nodes }, chance) {
    chance.pick(nodes.flatMap((node) => node.guests()))?.guest.killQemu();
  },
});
