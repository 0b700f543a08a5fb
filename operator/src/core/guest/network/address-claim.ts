// SPDX-License-Identifier: Apache-2.0
/**
 * Addresses that outlive a server's pods: the de-facto standard's IPAMClaim names them, and the network's
 * plugin keeps them for as long as it stands.
 */
import { apiVersion, type ObjectMeta } from "../../../api/define-kind.ts";
import { kinds, type Guest } from "../../../api/kinds.ts";
import { label } from "../../../api/names.ts";
import { addressClaimName } from "../names.ts";
import type { Attachment } from "./definition.ts";
import { attachmentName } from "./links.ts";

/** A `k8s.cni.cncf.io/v1alpha1` IPAMClaim: the members that are written. */
export interface IpamClaim {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: { readonly network: string; readonly interface: string };
}

/**
 * The claims of a guest's cards: one for each network that keeps addresses, unless the spec says the
 * address. A claim belongs to the Server and goes with it.
 */
export function addressClaims(
  { metadata, spec }: Guest,
  attachmentOf: (name: string) => Attachment | undefined,
): IpamClaim[] {
  const { namespace } = metadata;
  const { name: server, uid } = spec.server;
  return spec.domain.networks.flatMap(({ name, networkAttachment }, card): IpamClaim[] => {
    const attachment = networkAttachment && attachmentOf(networkAttachment.name);
    if (attachment?.keepsAddresses !== true || networkAttachment?.address !== undefined) return [];
    const owner = { apiVersion, kind: kinds.server.kind, name: server, uid, controller: true };
    return [
      {
        apiVersion: "k8s.cni.cncf.io/v1alpha1",
        kind: "IPAMClaim",
        metadata: {
          name: addressClaimName(server, uid, name),
          ...(namespace !== undefined && { namespace }),
          labels: { [label.serverUid]: uid },
          ownerReferences: [owner],
        },
        spec: { network: attachment.network, interface: attachmentName(card) },
      },
    ];
  });
}
