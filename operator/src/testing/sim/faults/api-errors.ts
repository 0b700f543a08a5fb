// SPDX-License-Identifier: Apache-2.0
import { Conflict, type PortError, TimedOut, Unavailable } from "../../../ports/errors.ts";
import { defineFault } from "../happening.ts";
import type { ApiRequest } from "../world/api.ts";

/** Who an object changed under, by a label that somebody set. */
function conflict({ verb, key }: ApiRequest): PortError | undefined {
  const isWrite = verb === "update" || verb === "updateStatus";
  return isWrite ? new Conflict(`"${key}": the object has been modified`) : undefined;
}

const answers: readonly ((request: ApiRequest) => PortError | undefined)[] = [
  conflict,
  () => new Unavailable("too many requests", undefined, 1),
  () => new Unavailable("etcdserver: leader changed"),
  () => new TimedOut("the API server did not answer in time"),
];

export const apiErrors = defineFault({
  name: "api-errors",
  says: "the API server answers a share of the requests with an error for a while",
  weight: 4,
  strike({ api, later }, chance) {
    const share = chance.between(0.05, 0.6);
    const answer = chance.pick(answers);
    const fault = (request: ApiRequest): PortError | undefined =>
      chance.isLucky(share) ? answer?.(request) : undefined;
    api.fault = fault;
    later(chance.whole(2000, 40_000), () => {
      if (api.fault === fault) api.fault = () => undefined;
    });
  },
});
