// SPDX-License-Identifier: Apache-2.0
import { domainOf } from "../guest/resolve.ts";
import type { Decision } from "./action.ts";
import type { ServerState } from "./state.ts";

/**
 * A boot begins in a pod of the present guest image. The old pod has to be gone before: the host would
 * start the guest in it as soon as it is asked for.
 */
export function powerOn(state: ServerState): Decision {
  const { pod, isHostUp, guestImage } = state;
  const canRun = pod?.phase === "Pending" || pod?.phase === "Running";
  if (pod === undefined || !canRun || pod.guestImage === guestImage) return raiseBoot(state);
  // Whoever has to take the pod down does not answer.
  if (!isHostUp) return {};
  const message = "the server pod is made anew, with the present guest image";
  return {
    refusal: { ok: false, reason: "Progressing", message },
    steps: pod.isDeleting ? [] : [{ kind: "DeletePod", pod }],
  };
}

/**
 * Asks for one more boot, by one write: the host starts the domain once for each number. The domain is
 * resolved again, so that a changed host name reaches the guest; what is frozen stays.
 */
function raiseBoot({ server, guest, status }: ServerState): Decision {
  const { flavor, image } = status;
  if (guest === undefined || flavor === undefined || image === undefined) return {};
  const machine = { ...status.machine, ...guest.status?.machine };
  const domain = domainOf(server, { flavor, image }, machine);
  // The host may know of a later boot than an API server that was restored from a backup.
  const boot = Math.max(guest.spec.boot, guest.status?.boot ?? 0) + 1;
  const spec = { runState: "Running", boot, domain } as const;
  return { steps: [{ kind: "PatchGuest", guest, spec }] };
}
