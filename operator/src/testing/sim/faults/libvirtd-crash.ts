// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const libvirtdCrash = defineFault({
  name: "libvirtd-crash",
  says: "the libvirtd of a server pod dies, and init starts it again; the guest does not notice",
  weight: 2,
  strike({ nodes }, chance) {
    const containers = nodes.flatMap((node) => [...node.containers.values()]);
    const alive = containers.filter(({ hasExited }) => !hasExited);
    chance.pick(alive)?.crashLibvirtd(chance.whole(100, 8000));
  },
});
