// SPDX-License-Identifier: Apache-2.0
import type { Server } from "../../api/kinds.ts";
import type { ServerStatus } from "../../api/v1alpha1/server.ts";
import type { EmbeddedFlavor, EmbeddedImage } from "../guest/source.ts";
import type { Verdict } from "../lib/condition-set.ts";
import { describeList } from "../lib/list.ts";
import { type ServerState, isOn } from "./state.ts";

type LastApplied = NonNullable<ServerStatus["lastApplied"]>;
type Applied = NonNullable<LastApplied["flavor"]>;

/** What was attempted of the flavor and the image that the spec names now, each change once (P7). */
export function lastAppliedOf({ server, status }: ServerState): LastApplied | undefined {
  const { flavor, image, lastApplied } = status;
  if (flavor === undefined || image === undefined) return undefined;
  return {
    flavor: attempt(server, server.spec.flavor, flavor, lastApplied?.flavor),
    image: attempt(server, server.spec.image.name, image, lastApplied?.image),
  };
}

/** The outcome for the value wanted: as it was, when it was attempted already. */
function attempt(
  { metadata }: Server,
  wanted: string,
  built: EmbeddedFlavor | EmbeddedImage,
  before: Applied | undefined,
): Applied {
  const isBuilt = wanted === built.name;
  const outcome = isBuilt ? "Applied" : "Refused";
  if (before?.value === wanted && before.outcome === outcome) return before;
  const { generation = 0 } = metadata;
  return { value: wanted, ...(isBuilt && { uid: built.uid }), generation, outcome };
}

/**
 * The zone that a server that has a host stays in: it may be pinned to where it is, and unpinned.
 * Source: nova-semantics 5.5.
 */
export function pinnedZone(
  { spec }: Server,
  before: string | undefined,
  current: string | undefined,
): string | undefined {
  const wanted = spec.availabilityZone;
  return wanted === undefined || wanted === current ? wanted : before;
}

/** How the spec and the objects that it names differ from what the server was built from. */
export function driftVerdicts(state: ServerState): Verdict[] {
  const { flavor, image } = state.status;
  if (flavor === undefined || image === undefined) return [];
  return [
    flavorChange(state, flavor),
    zoneChange(state),
    flavorDrift(state, flavor),
    imageChange(state, image),
    mtuChange(state),
  ].filter((verdict) => verdict !== undefined);
}

function flavorChange({ server }: ServerState, flavor: EmbeddedFlavor): Verdict | undefined {
  const wanted = server.spec.flavor;
  if (wanted === flavor.name) return undefined;
  return {
    type: "Drifted",
    status: "True",
    reason: "ResizeNotOffered",
    message: `resize is not offered yet: set spec.flavor back from ${wanted} to ${flavor.name}`,
  };
}

function zoneChange(state: ServerState): Verdict | undefined {
  const { server, status, run, hostOf } = state;
  const wanted = server.spec.availabilityZone;
  const current = (run && hostOf(run.host)?.zone) ?? status.availabilityZone;
  const pinned = pinnedZone(server, status.pinnedAvailabilityZone, current);
  if (wanted === pinned) return isZoneLeft(state, pinned) ? zoneLeft(state) : undefined;
  const place = current === undefined ? "in no zone" : `in zone ${current}`;
  return {
    type: "Drifted",
    status: "True",
    reason: "ZoneChangeNotOffered",
    message: `the server is ${place} and does not go to zone ${wanted} by itself: set spec.availabilityZone back, or leave it out`,
  };
}

function isZoneLeft({ run, hostOf }: ServerState, pinned: string | undefined): boolean {
  const host = run && hostOf(run.host);
  return pinned !== undefined && host !== undefined && host.zone !== pinned;
}

/** Differs: Nova refuses to move a host that holds servers into another zone. */
function zoneLeft({ server, run, hostOf }: ServerState): Verdict {
  const pinned = server.spec.availabilityZone;
  const zone = run && hostOf(run.host)?.zone;
  const now = zone === undefined ? "in no zone now" : `in zone ${zone} now`;
  const cure = zone === undefined ? "leave spec.availabilityZone out" : `ask for zone ${zone}`;
  return {
    type: "Drifted",
    status: "True",
    reason: "HostLeftZone",
    message: `the server is pinned to zone ${pinned}, but its host ${run?.host} is ${now}; it stays there: bring the host back into its zone, or ${cure}`,
  };
}

function flavorDrift(state: ServerState, flavor: EmbeddedFlavor): Verdict | undefined {
  const found = state.server.spec.flavor === flavor.name ? state.flavor : undefined;
  if (found === undefined || found.metadata.uid === flavor.uid) return undefined;
  return {
    type: "FlavorDrift",
    status: "True",
    reason: "FlavorChanged",
    message: `flavor ${flavor.name} was made anew; the server keeps what it was built from`,
  };
}

function imageChange(state: ServerState, image: EmbeddedImage): Verdict | undefined {
  const wanted = state.server.spec.image.name;
  const checksum = state.image?.spec.source.http?.checksum;
  const isSame = wanted === image.name && (checksum ?? image.http.checksum) === image.http.checksum;
  if (isSame) return undefined;
  const what =
    wanted === image.name ? `image ${wanted} has other bytes` : `the spec asks for image ${wanted}`;
  return {
    type: "RebuildRequired",
    status: "True",
    reason: "ImageChanged",
    message: `${what}; the server was built from ${image.name} and nothing is rebuilt by itself`,
  };
}

/** A guest that is off is told the new one at its next start. */
function mtuChange({ guest }: ServerState): Verdict | undefined {
  if (guest === undefined || !isOn(guest)) return undefined;
  const changes = (guest.status?.networks ?? []).flatMap(({ name, mtu, networkMtu }) =>
    networkMtu === undefined
      ? []
      : [`the MTU of network ${name} is ${networkMtu}, the guest has ${mtu}`],
  );
  if (changes.length === 0) return undefined;
  return {
    type: "RestartRequired",
    status: "True",
    reason: "MtuChanged",
    message: `${describeList(changes)}: it keeps that until it is stopped and started`,
  };
}
