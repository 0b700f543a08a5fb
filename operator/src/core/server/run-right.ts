// SPDX-License-Identifier: Apache-2.0
import type { Run } from "../../api/v1alpha1/server.ts";
import { isReleased } from "../guest/release.ts";
import { guestName } from "../guest/names.ts";
import { uidOf } from "../guest/resolve.ts";
import type { Recall } from "./recall.ts";
import type { ServerState } from "./state.ts";

/**
 * The one rule that keeps a server from running twice (protocol P1). A new run may be granted only when
 * the last one is recorded as released, or its Guest proves it here and now, and when no other Guest of
 * the server may still run. A last Guest that is missing proves nothing: its host may run it.
 */
export function mayGrant({ run, guest, strays }: ServerState): boolean {
  const isLastReleased =
    run === undefined || run.state === "Released" || (guest !== undefined && isReleased(guest));
  return isLastReleased && strays.every(isReleased);
}

/** The next run: its token is above every token that was ever seen of this server. */
export function nextRun(state: ServerState, host: string): Run {
  return runOf(state, host, lastToken(state) + 1);
}

/**
 * The run that a host has and the API server has forgotten, with the user of its disk: no new right, and no
 * other may be granted.
 */
export function forgottenRun(
  state: ServerState,
  { guest }: Recall,
): { readonly run: Run; readonly uid: number } | undefined {
  if (guest === undefined || guest.token <= lastToken(state)) return undefined;
  return { run: runOf(state, guest.host, guest.token), uid: guest.uid };
}

function lastToken({ run, guests }: ServerState): number {
  return Math.max(run?.token ?? 0, ...guests.map((guest) => guest.spec.token));
}

function runOf({ server }: ServerState, host: string, token: number): Run {
  const guest = guestName(server.metadata.name, uidOf(server), token);
  return { token, guest, host, state: "Granted" };
}
