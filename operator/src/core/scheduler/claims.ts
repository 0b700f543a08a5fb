// SPDX-License-Identifier: Apache-2.0
import type { Guest, Server } from "../../api/kinds.ts";
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import { isReleased } from "../guest/release.ts";

/** What one incarnation holds of one host. */
export interface HeldClaim {
  readonly host: string;
  readonly resources: Resources;
  /** Absent where only amounts count. */
  readonly holder?: Holder;
}

/** The Server that holds a claim, as far as decisions about others depend on it. */
export interface Holder {
  readonly serverUid: string;
  /** It is being built there. */
  readonly isBuilding: boolean;
  /** It never ran, because its host could not start it. */
  readonly hasFailed: boolean;
  /** The key of the server group that it is a member of: its namespace and name. */
  readonly group?: string;
  /** Of the image that it was made from. */
  readonly imageProperties?: Readonly<Record<string, string>>;
}

/** A decision that no cache shows yet. */
export interface AssumedClaim extends HeldClaim {
  /** Name of the Guest that will hold it. */
  readonly guest: string;
  /** The user id that goes with it. */
  readonly uid: number;
}

/** What claims are counted from. Objects may come from caches. */
export interface ClaimSources {
  readonly servers: Iterable<Server>;
  readonly guests: Iterable<Guest>;
  readonly assumed: Iterable<AssumedClaim & { readonly namespace: string }>;
}

/**
 * Every claim that stands, each incarnation once: a Guest holds its claim until its host has given the
 * run right back; a Server that was granted a run but has no Guest yet holds it by its status; a
 * decision that was not written yet holds it by assumption.
 */
export function heldClaims({ servers, guests, assumed }: ClaimSources): HeldClaim[] {
  const claims = new Map<string, HeldClaim | undefined>();
  const holders = new Map<string, Holder>();
  for (const { namespace, guest, uid: _, ...claim } of assumed) {
    claims.set(`${namespace}/${guest}`, claim);
  }
  for (const server of servers) {
    const { run, allocation: resources } = server.status ?? {};
    if (run === undefined) continue;
    const holder = holderOf(server);
    holders.set(holder.serverUid, holder);
    if (run.state !== "Granted" || resources === undefined) continue;
    claims.set(`${server.metadata.namespace}/${run.guest}`, { host: run.host, resources, holder });
  }
  for (const guest of guests) {
    const { host, resources, server } = guest.spec;
    const key = `${guest.metadata.namespace}/${guest.metadata.name}`;
    const holder = holders.get(server.uid) ?? holderOfGuest(guest);
    claims.set(key, isReleased(guest) ? undefined : { host, resources, holder });
  }
  return [...claims.values()].filter((claim) => claim !== undefined);
}

/** A Server of which nothing more is known than what its Guest says. */
function holderOfGuest({ metadata, spec }: Guest): Holder {
  const holder = { serverUid: spec.server.uid, isBuilding: false, hasFailed: false };
  const { name } = spec.group ?? {};
  return name === undefined ? holder : { ...holder, group: groupKey(metadata.namespace, name) };
}

/** By what a server group is known among holders of claims. */
export function groupKey(namespace = "", name: string): string {
  return `${namespace}/${name}`;
}

function holderOf({ metadata, spec, status }: Server): Holder {
  const { phase, fault, timings, image } = status ?? {};
  const { serverGroup: group } = spec;
  const neverRan = timings?.startedTime === undefined;
  return {
    serverUid: metadata.uid ?? "",
    isBuilding: phase === "BUILD",
    hasFailed: phase === "ERROR" && neverRan && fault?.reason === "StartFailed",
    ...(group !== undefined && { group: groupKey(metadata.namespace, group) }),
    ...(image?.properties !== undefined && { imageProperties: image.properties }),
  };
}
