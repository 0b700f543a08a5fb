// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const kubeletCrash = defineFault({
  name: "kubelet-crash",
  says: "a kubelet is started anew: it has forgotten its device plugins",
  weight: 2,
  strike: ({ nodes }, chance) => chance.pick(nodes)?.kubelet.kill(),
});
