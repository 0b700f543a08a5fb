// SPDX-License-Identifier: Apache-2.0
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import type { ServerSpec } from "../../api/v1alpha1/server.ts";

/**
 * Whether a guest that shall run, and stopped for this cause, is started again by itself (protocol P7).
 * Source: nova-semantics 1.7. Differs: Nova restarts guests of a rebooted host only when told to.
 */
export function isRestarted(spec: ServerSpec, cause: GuestStatus["stoppedBy"]): boolean {
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
