// SPDX-License-Identifier: Apache-2.0
import type { ServerGroup } from "../../api/kinds.ts";
import type { ServerGroupStatus } from "../../api/v1alpha1/server-group.ts";
import { conditionsOf, type Verdict } from "../lib/condition-set.ts";
import { describeList } from "../lib/list.ts";

/** A Server that names the group. */
export interface GroupMember {
  readonly name: string;
  /** Where it holds a claim; undefined while it has no host. */
  readonly host: string | undefined;
  /** The zone of that host. */
  readonly zone: string | undefined;
}

type Violation = NonNullable<ServerGroupStatus["violations"]>[number];

/** Bounds of the status. */
const membersMax = 64;
const placesMax = 64;
const violationsMax = 16;
const serversMax = 16;

/** What the status of a group says of its members. The same members always give the same. */
export function groupStatusOf(
  { metadata, spec, status }: ServerGroup,
  members: readonly GroupMember[],
  now: string,
): ServerGroupStatus {
  const sorted = members.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const places = placesOf(spec.topology, sorted);
  const violations = violationsOf(spec, places, homelessOf(spec.topology, sorted));
  const verdict = satisfaction(violations);
  return {
    observedGeneration: metadata.generation ?? 0,
    memberCount: members.length,
    members: sorted.slice(0, membersMax).map(({ name }) => name),
    spread: Object.fromEntries(
      [...places].slice(0, placesMax).map(([place, names]) => [place, names.length]),
    ),
    violations: violations.slice(0, violationsMax),
    conditions: conditionsOf([verdict], status?.conditions, now),
  };
}

/** Names of members by host or zone, in order. */
function placesOf(
  topology: ServerGroup["spec"]["topology"],
  members: readonly GroupMember[],
): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const { name, host, zone } of members) {
    const place = topology === "Host" ? host : zone;
    if (place === undefined) continue;
    const there = places.get(place);
    if (there === undefined) places.set(place, [name]);
    else there.push(name);
  }
  return new Map([...places].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Members on hosts that are in no zone, where zones count. */
function homelessOf(
  topology: ServerGroup["spec"]["topology"],
  members: readonly GroupMember[],
): string[] {
  if (topology === "Host") return [];
  return members.flatMap(({ name, host, zone }) =>
    host !== undefined && zone === undefined ? [name] : [],
  );
}

function violationsOf(
  { policy, topology, maxServersPerHost = 1 }: ServerGroup["spec"],
  places: ReadonlyMap<string, readonly string[]>,
  homeless: readonly string[],
): Violation[] {
  if (policy !== "affinity" && policy !== "anti-affinity") return [];
  const noun = topology === "Host" ? "host" : "zone";
  const nowhere =
    homeless.length === 0
      ? []
      : [violation(undefined, `${homeless.length} are on hosts in no zone`, homeless)];
  if (policy === "anti-affinity") {
    const crowded = [...places].filter(([, names]) => names.length > maxServersPerHost);
    return [
      ...crowded.map(([place, names]) =>
        violation(place, `${names.length} share ${noun} ${place}, ${maxServersPerHost} may`, names),
      ),
      ...nowhere,
    ];
  }
  if (places.size <= 1) return nowhere;
  const [most, ...others] = [...places].toSorted(([, one], [, other]) => other.length - one.length);
  const strays = others.flatMap(([, names]) => names);
  const home = most?.[0] ?? "";
  const total = strays.length + (most?.[1].length ?? 0);
  const what = `${strays.length} of ${total} stand elsewhere than on ${noun} ${home}`;
  return [violation(undefined, what, strays), ...nowhere];
}

function violation(place: string | undefined, what: string, servers: readonly string[]): Violation {
  const message = `${what}: delete and make anew those that shall be elsewhere`;
  const named = { message, servers: servers.slice(0, serversMax) };
  return place === undefined ? named : { place, ...named };
}

function satisfaction(violations: readonly Violation[]): Verdict {
  if (violations.length === 0) {
    const message = "all members that have a host stand as the policy asks";
    return { type: "Satisfied", status: "True", reason: "AsDesired", message };
  }
  const message = describeList(violations.map((one) => one.message));
  return { type: "Satisfied", status: "False", reason: "PolicyViolated", message };
}
