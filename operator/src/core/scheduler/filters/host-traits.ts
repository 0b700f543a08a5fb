// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";
import type { HostState } from "../host-state.ts";

export const hostTraits = defineFilter({
  name: "host-traits",
  source: "Placement's required traits",
  about: "The host has the traits that are required of it as a whole, and none that is forbidden.",
  asks({ placement }) {
    const whole = placement?.groups.find(({ usesSameProvider }) => !usesSameProvider);
    const { required = [], forbidden = [] } = whole ?? {};
    return required.length + forbidden.length === 0 ? undefined : { required, forbidden };
  },
  testFor:
    ({ required, forbidden }) =>
    (host) => {
      const missing = required.find((anyOf) => !anyOf.some((trait) => hasTrait(host, trait)));
      if (missing !== undefined) return `lacks trait ${missing.join(" or ")}`;
      const torn = forbidden.find((trait) => host.traits?.has(trait));
      return torn === undefined || `has trait ${torn}, which is forbidden`;
    },
});

/** Any part of the host may bring what is required of it as a whole. */
function hasTrait({ traits, providers = [] }: HostState, trait: string): boolean {
  return traits?.has(trait) === true || providers.some((one) => one.traits.has(trait));
}
