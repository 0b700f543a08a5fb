// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const staleCache = defineFault({
  name: "stale-cache",
  says: "the API server's watch cache is behind its etcd for a while",
  weight: 2,
  strike({ api: { kube }, later }, chance) {
    kube.watchLagMs = chance.whole(200, 10_000);
    later(chance.whole(5000, 60_000), () => {
      kube.watchLagMs = 0;
    });
  },
});
