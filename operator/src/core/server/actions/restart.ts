// SPDX-License-Identifier: Apache-2.0
import type { GuestStatus } from "../../../api/v1alpha1/guest.ts";
import type { Server } from "../../../api/kinds.ts";
import { secondsSince } from "../../lib/time.ts";
import { defineAction } from "../action.ts";
import { powerOn } from "../power-on.ts";
import { isSettledOff } from "../state.ts";

/** A guest that ends as soon as it runs is not started again more often than this. */
const betweenStartsSeconds = 10;

/**
 * Starts a guest that stopped by itself, where the spec or the cause says so.
 * Source: nova-semantics 1.7. Differs: Nova restarts guests of a rebooted host only when told to.
 */
export const restart = defineAction({
  verb: "restart",
  allowedFrom: ["stopped"],
  isDue: ({ server, guest }) =>
    guest?.spec.runState === "Running" &&
    isSettledOff(guest) &&
    isToBeRestarted(server, guest.status?.stoppedBy),
  plan(state) {
    const ranSeconds = secondsSince(state.guest?.status?.startedTime, state.nowMs);
    if (ranSeconds < betweenStartsSeconds) {
      return { againAfterSeconds: betweenStartsSeconds - ranSeconds };
    }
    return powerOn(state);
  },
});

function isToBeRestarted({ spec }: Server, cause: GuestStatus["stoppedBy"]): boolean {
  switch (cause) {
    case "Host":
    case "Pod":
      return true;
    case "Guest":
      return spec.onGuestShutdown === "Restart";
    case "Crash":
      return spec.onCrash === "Restart";
    case "User":
    case undefined:
      return false;
  }
}
