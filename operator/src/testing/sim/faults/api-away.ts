// SPDX-License-Identifier: Apache-2.0
import { Unavailable } from "../../../ports/errors.ts";
import { defineFault } from "../happening.ts";

export const apiAway = defineFault({
  name: "api-away",
  says: "the API server is down for a while",
  weight: 2,
  strike({ api, later }, chance) {
    api.isAway = true;
    api.kube.dropWatches(new Unavailable("connection reset by peer"));
    later(chance.whole(1000, 90_000), () => {
      api.isAway = false;
    });
  },
});
