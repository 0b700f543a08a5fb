// SPDX-License-Identifier: Apache-2.0
import { Refused } from "../../../ports/errors.ts";
import { defineFault } from "../happening.ts";
import type { ApiRequest } from "../world/api.ts";

export const creationRefused = defineFault({
  name: "creation-refused",
  says: "a quota or a policy refuses new pods, new Guests, or changes of server pods, for a while",
  weight: 2,
  strike({ api, later }, chance) {
    const refused = chance.pick(["create Pod", "create Pod", "create Guest", "patch Pod"]);
    const fault = ({ actor, verb, kind }: ApiRequest) =>
      actor.startsWith("operator") && `${verb} ${kind}` === refused
        ? new Refused("Forbidden", "exceeded quota: small")
        : undefined;
    api.fault = fault;
    later(chance.whole(2000, 60_000), () => {
      if (api.fault === fault) api.fault = () => undefined;
    });
  },
});
