// SPDX-License-Identifier: Apache-2.0
import type { GuestNetwork, ServerNetwork } from "../../../api/v1alpha1/network.ts";
import { compact } from "../../lib/compact.ts";
import { macOf } from "./mac.ts";
import { guestAddressDefault } from "./private-network.ts";

/** What a server has that names no networks. */
const networksDefault: readonly ServerNetwork[] = [{ name: "default", pod: {} }];

/** A server's network cards with nothing left to choose, in the order of its spec. */
export function guestNetworks(
  networks: readonly ServerNetwork[] = networksDefault,
  serverUuid: string,
): GuestNetwork[] {
  return networks.map(({ name, tag, mac, pod, networkAttachment }) =>
    compact({
      name,
      tag,
      mac: mac ?? macOf(serverUuid, name),
      pod: pod && { address: pod.address ?? guestAddressDefault },
      networkAttachment,
    }),
  );
}
