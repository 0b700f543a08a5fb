// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../../api/kinds.ts";
import { annotation, finalizer } from "../../../api/names.ts";
import { defineAction } from "../action.ts";
import { type ServerState, vmStates } from "../state.ts";
import type { Step } from "../steps.ts";

/**
 * Deletes every Guest and lets the Server go when the last is gone: its host then destroyed the disk.
 * Needs no new object, and nothing of the namespace but the Guests (protocol P4).
 */
export const remove = defineAction({
  verb: "delete",
  allowedFrom: vmStates,
  isDue: ({ isDeleting, server }) =>
    isDeleting && server.metadata.finalizers?.includes(finalizer) === true,
  plan(state) {
    if (state.guests.length === 0) return { steps: [{ kind: "RemoveFinalizer" }] };
    return { steps: state.guests.flatMap((guest) => removalOf(guest, state)) };
  },
});

function removalOf(guest: Guest, state: ServerState): Step[] {
  const isDeleting = guest.metadata.deletionTimestamp !== undefined;
  const steps: Step[] = isDeleting ? [] : [{ kind: "DeleteGuest", guest }];
  // One that was given up keeps its disk otherwise.
  const isKept = guest.spec.disks === "Keep";
  if (isKept) steps.push({ kind: "PatchGuest", guest, spec: { disks: "Destroy" } });
  if (isAbandoned(guest, state)) steps.push({ kind: "AbandonGuest", guest });
  return steps;
}

/** An administrator gave up what a host that does not answer still holds. One that answers does it. */
function isAbandoned(guest: Guest, { server, hostOf }: ServerState): boolean {
  const isUp = hostOf(guest.spec.host)?.isUp === true;
  return !isUp && [server, guest].some(({ metadata }) => hasAbandonMark(metadata.annotations));
}

function hasAbandonMark(annotations: Readonly<Record<string, string>> = {}): boolean {
  return annotations[annotation.abandon] === "true";
}
