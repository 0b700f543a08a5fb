// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../../api/kinds.ts";
import { isReleased } from "../../../core/guest/release.ts";
import { resources } from "../../../ports/kube.ts";
import type { FakeKube } from "../../fake-kube.ts";

/** The Guests whose claims a host took and did not give back. */
export function committed(kube: FakeKube, host: string): Guest[] {
  return kube.stored(resources.guests).filter((guest) => {
    const isHeld = guest.status?.claim?.state === "Accepted" && !isReleased(guest);
    return guest.spec.host === host && isHeld;
  });
}
