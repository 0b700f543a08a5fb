// SPDX-License-Identifier: Apache-2.0
import { Unavailable } from "../../../ports/errors.ts";
import { defineFault } from "../happening.ts";

export const watchesLost = defineFault({
  name: "watches-lost",
  says: "every watch ends: with an error, in silence, or because its history is gone",
  weight: 3,
  strike({ api: { kube } }, chance) {
    const ways = [
      () => kube.dropWatches(),
      () => kube.dropWatches(new Unavailable("http2: client connection lost")),
      () => kube.silenceWatches(),
      () => {
        kube.compact();
        kube.dropWatches();
      },
    ];
    chance.pick(ways)?.();
  },
});
