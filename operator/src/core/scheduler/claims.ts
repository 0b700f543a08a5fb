// SPDX-License-Identifier: Apache-2.0
import type { Guest, Server } from "../../api/kinds.ts";
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import { isReleased } from "../guest/release.ts";

/** What one incarnation holds of one host. */
export interface HeldClaim {
  readonly host: string;
  readonly resources: Resources;
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
  for (const { namespace, guest, host, resources } of assumed) {
    claims.set(`${namespace}/${guest}`, { host, resources });
  }
  for (const { metadata, status } of servers) {
    const { run, allocation } = status ?? {};
    if (run?.state !== "Granted" || allocation === undefined) continue;
    claims.set(`${metadata.namespace}/${run.guest}`, { host: run.host, resources: allocation });
  }
  for (const guest of guests) {
    const { host, resources } = guest.spec;
    const key = `${guest.metadata.namespace}/${guest.metadata.name}`;
    claims.set(key, isReleased(guest) ? undefined : { host, resources });
  }
  return [...claims.values()].filter((claim) => claim !== undefined);
}
