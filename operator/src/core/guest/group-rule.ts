// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import { isReleased } from "./release.ts";

/**
 * Whether the rule of the guest's server group is about more than its host: then the claim is judged by
 * the Guests of the whole group, read from the API server. Of two that break the rule together, the one
 * that was made later is judged when the other one can be seen, whatever two leaders decided: to refuse
 * whoever sees another keeps the rule. Both may be refused; the next decision knows of both.
 */
export function isRuleFleetWide({ spec }: Guest): boolean {
  const { rule } = spec.group ?? {};
  return rule !== undefined && (rule.policy === "affinity" || rule.topology === "Zone");
}

/** Whose claims count. */
export interface GroupPeers {
  /** Guests that the host is committed to. */
  readonly here: readonly Guest[];
  /** Guests of the group wherever they are, read after `guest` was. */
  readonly everywhere: readonly Guest[];
}

/** How the guest would break the rule of its server group here, if it would. Source: nova-semantics 5.6. */
export function brokenGroupRule(guest: Guest, peers: GroupPeers): string | undefined {
  const { name, rule } = guest.spec.group ?? {};
  if (rule === undefined) return undefined;
  const known = isRuleFleetWide(guest) ? peers.everywhere.filter(isStanding) : peers.here;
  const others = known.filter((other) => isPeer(other, guest));
  const noun = rule.topology === "Host" ? "host" : "zone";
  if (rule.policy === "affinity") {
    const stray = others.find(({ spec }) => placeOf(spec) !== rule.place);
    if (stray === undefined) return undefined;
    const where = `${noun} ${placeOf(stray.spec)}`;
    return `server ${stray.spec.server.name} of server group ${name} is on ${where}, not on ${rule.place}`;
  }
  const { serversMax = 1 } = rule;
  const near = others.filter(({ spec }) => placeOf(spec) === rule.place);
  const count = new Set(near.map(({ spec }) => spec.server.uid)).size;
  if (count < serversMax) return undefined;
  return `${noun} ${rule.place} has ${count} of server group ${name}, which allows ${serversMax} there`;
}

/** It may run, or may be allowed to. */
function isStanding(guest: Guest): boolean {
  return guest.status?.claim?.state !== "Refused" && !isReleased(guest);
}

/** Of the same group, and of another server. One without a rule was made when the group was not there. */
function isPeer({ metadata, spec }: Guest, guest: Guest): boolean {
  return (
    metadata.namespace === guest.metadata.namespace &&
    spec.group?.name === guest.spec.group?.name &&
    spec.group?.rule !== undefined &&
    spec.server.uid !== guest.spec.server.uid
  );
}

function placeOf({ group }: Guest["spec"]): string | undefined {
  return group?.rule?.place;
}
