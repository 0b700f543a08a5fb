// SPDX-License-Identifier: Apache-2.0
import type { HypervisorStatus } from "../../api/v1alpha1/hypervisor.ts";
import { timestampOf } from "../lib/time.ts";
import type { Incarnation, Orphan } from "./paths.ts";

/** As the hypervisor lists it. */
export type ListedOrphan = NonNullable<HypervisorStatus["orphans"]>[number];

/** A directory of a guest for which there is no Guest, although nobody asked for it to be removed. */
export interface Suspect extends Incarnation {
  /** Wall-clock time in ms when this process saw it so first. */
  readonly sinceMs: number;
  /** For how long it has been so without a break, by a clock that does not jump. */
  readonly seenSeconds: number;
}

export interface OrphanObservation {
  readonly suspects: readonly Suspect[];
  /** Directories that were set aside, each with how long this process has seen it. */
  readonly orphans: readonly (Orphan & { readonly seenSeconds: number })[];
  readonly nowMs: number;
}

export interface OrphanPlan {
  /** To be paused and moved to `orphans/`, if a fresh list confirms them. */
  readonly setAside: readonly Incarnation[];
  /** To be destroyed. */
  readonly destroy: readonly Orphan[];
  /** For the hypervisor's status, the oldest first. */
  readonly listed: ListedOrphan[];
  /** Too many at once: nothing is touched until a person looked. */
  readonly isRefused: boolean;
}

/** A list may be empty for a while for other reasons than that there is nothing. */
const suspectSecondsMin = 300;
/** More than this at once is no accident of one Guest, but of the cluster. */
const atOnceMax = 3;
const keptSeconds = 7 * 24 * 3600;
/** A wall clock that jumps must not cost a disk. */
const seenSecondsMin = 3600;
const listedMax = 64;

/**
 * Decides what becomes of directories that no Guest claims (protocol P4): that an object is missing does
 * not say that its server was deleted. A process that just started touches none of them.
 */
export function planOrphans({ suspects, orphans, nowMs }: OrphanObservation): OrphanPlan {
  const ripe = suspects.filter(({ seenSeconds }) => seenSeconds >= suspectSecondsMin);
  const isRefused = suspects.length > atOnceMax && ripe.length > 0;
  const expired = orphans.filter(
    ({ sinceSeconds, seenSeconds }) =>
      nowMs / 1000 - sinceSeconds >= keptSeconds && seenSeconds >= seenSecondsMin,
  );
  const listed = [
    ...orphans.map((orphan) => listedAs(orphan, orphan.sinceSeconds * 1000)),
    ...ripe.map((suspect) => listedAs(suspect, suspect.sinceMs)),
  ];
  return {
    setAside: isRefused ? [] : ripe.map(({ serverUid, token }) => ({ serverUid, token })),
    destroy: expired.map(({ serverUid, token, sinceSeconds }) => ({
      serverUid,
      token,
      sinceSeconds,
    })),
    listed: listed
      .toSorted((one, other) => Date.parse(one.since) - Date.parse(other.since))
      .slice(0, listedMax),
    isRefused,
  };
}

function listedAs({ serverUid, token }: Incarnation, sinceMs: number): ListedOrphan {
  return { serverUid, token, since: timestampOf(sinceMs) };
}
