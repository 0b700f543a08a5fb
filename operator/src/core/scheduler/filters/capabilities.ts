// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";
import type { Capability } from "../host-state.ts";
import { demandsOf, matchesSpec } from "../spec-operators.ts";

export const capabilities = defineFilter({
  name: "capabilities",
  source: "ComputeCapabilitiesFilter",
  about: "The host says of itself what the flavor's `capabilities:` demand.",
  asks({ flavor }, settings) {
    const demands = demandsOf(flavor?.extraSpecs, "capabilities:", settings);
    return demands.length === 0 ? undefined : demands;
  },
  testFor: (demands) => (host) => {
    for (const { key, demand, isUnscoped } of demands) {
      const found = capabilityAt(host.capabilities, isUnscoped ? [key] : key.split(":"));
      // Without a namespace the name may be anybody's: it counts where the host knows it.
      if (found === undefined && isUnscoped) continue;
      if (!matchesSpec(textOf(found), demand)) return `does not have ${key} ${demand}`;
    }
    return true;
  },
});

/** The first name may also be one of the host's statistics. */
function capabilityAt(
  all: Capability | undefined,
  [first = "", ...rest]: readonly string[],
): Capability | undefined {
  const top = memberOf(all, first) ?? memberOf(memberOf(all, "stats"), first);
  return rest.reduce<Capability | undefined>(memberOf, top);
}

function memberOf(value: Capability | undefined, name: string): Capability | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return (value as Readonly<Record<string, Capability>>)[name] ?? undefined;
}

/** Lists are searched by `<in>` and `<all-in>` like texts. */
function textOf(value: Capability | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
