// SPDX-License-Identifier: Apache-2.0
import { guestBridge } from "../../hack/cluster/node-config.ts";

/**
 * A NetworkAttachmentDefinition: a bridge on every node, all of them on one wire. With a subnet, its IPAM
 * gives addresses of that, each node for itself, and those that are asked for. `more` goes into its
 * configuration.
 */
export function bridgedNetwork(
  namespace: string,
  name: string,
  { subnet, ...more }: { readonly subnet?: string; readonly [member: string]: unknown } = {},
) {
  const config = {
    cniVersion: "1.0.0",
    name,
    type: "bridge",
    bridge: guestBridge,
    capabilities: { mac: true, ips: true },
    ipam:
      subnet === undefined
        ? {}
        : { type: "host-local", ranges: [[{ subnet }]], dataDir: "/run/cni-ipam" },
    ...more,
  };
  return {
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { name, namespace },
    spec: { config: JSON.stringify(config) },
  };
}
