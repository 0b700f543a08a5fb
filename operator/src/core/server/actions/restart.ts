// SPDX-License-Identifier: Apache-2.0
import { secondsSince } from "../../lib/time.ts";
import { defineAction } from "../action.ts";
import { powerOn } from "../power-on.ts";
import { isRestarted } from "../restart-policy.ts";
import { isSettledOff } from "../state.ts";

/** A guest that ends as soon as it runs is not started again more often than this. */
const betweenStartsSeconds = 10;

/** Starts a guest that stopped by itself, where the spec or the cause says so. */
export const restart = defineAction({
  verb: "restart",
  allowedFrom: ["stopped"],
  isDue: ({ server, guest }) =>
    guest?.spec.runState === "Running" &&
    isSettledOff(guest) &&
    isRestarted(server.spec, guest.status?.stoppedBy),
  plan(state) {
    const ranSeconds = secondsSince(state.guest?.status?.startedTime, state.nowMs);
    if (ranSeconds < betweenStartsSeconds) {
      return { againAfterSeconds: betweenStartsSeconds - ranSeconds };
    }
    return powerOn(state);
  },
});
