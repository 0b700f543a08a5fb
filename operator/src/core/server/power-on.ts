// SPDX-License-Identifier: Apache-2.0
import { domainOf } from "../guest/resolve.ts";
import type { Decision } from "./action.ts";
import type { ServerState } from "./state.ts";

/**
 * Asks for one more boot, by one write: the host starts the domain once for each number. The domain is
 * resolved again, so that a changed host name reaches the guest; what is frozen stays.
 */
export function powerOn({ server, guest, status }: ServerState): Decision {
  const { flavor, image } = status;
  if (guest === undefined || flavor === undefined || image === undefined) return {};
  const machine = { ...status.machine, ...guest.status?.machine };
  const domain = domainOf(server, { flavor, image }, machine);
  const spec = { runState: "Running", boot: guest.spec.boot + 1, domain } as const;
  return { steps: [{ kind: "PatchGuest", guest, spec }] };
}
