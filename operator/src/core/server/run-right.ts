// SPDX-License-Identifier: Apache-2.0
import type { Run } from "../../api/v1alpha1/server.ts";
import { isReleased } from "../guest/release.ts";
import { guestName } from "../guest/names.ts";
import { uidOf } from "../guest/resolve.ts";
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
export function nextRun({ server, run, guests }: ServerState, host: string): Run {
  const tokens = guests.map((guest) => guest.spec.token);
  const token = Math.max(run?.token ?? 0, ...tokens) + 1;
  const guest = guestName(server.metadata.name, uidOf(server), token);
  return { token, guest, host, state: "Granted" };
}
