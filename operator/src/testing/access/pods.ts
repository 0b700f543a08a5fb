// SPDX-License-Identifier: Apache-2.0
import { csiDriver, label } from "../../api/names.ts";
import { tenantNamespace } from "./identities.ts";

export const pods = `/api/v1/namespaces/${tenantNamespace}/pods`;

/** What PodSecurity restricted demands of a container. */
export const restricted = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

const resources = { requests: { cpu: "100m" } };

/** A pod that PodSecurity restricted admits. */
export function plainPod(name: string, metadata: object = {}, spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...metadata },
    spec: {
      containers: [{ name: "c", image: "c", resources, securityContext: restricted }],
      ...spec,
    },
  };
}

/** What makes a pod a server pod: its label, or its volume. */
export const serverUid = { labels: { [label.serverUid]: "x" } };
export const guestVolume = {
  volumes: [{ name: "g", csi: { driver: csiDriver, volumeAttributes: { guest: "web-1" } } }],
};
