// SPDX-License-Identifier: Apache-2.0
/** The objects of the demo. */
import { apiVersion } from "../../operator/src/api/define-kind.ts";

export const namespace = "kilonova-demo";
export const serverName = "first";
const port = 8080;
const labels = { app: "images" };

const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};

export const manifests = {
  /** A web server for the guest's disk: a pod made from an image that holds the disk. */
  imageServer: (image: string): readonly object[] => [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: namespace,
        labels: { "pod-security.kubernetes.io/enforce": "restricted" },
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "images", namespace, labels },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65_532,
              seccompProfile: { type: "RuntimeDefault" },
            },
            containers: [
              {
                name: "images",
                image,
                args: ["/demo/serve-disk.ts", "/demo/tiny.qcow2", String(port)],
                ports: [{ containerPort: port }],
                readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
                securityContext: restricted,
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "images", namespace },
      spec: { selector: labels, ports: [{ port: 80, targetPort: port }] },
    },
  ],

  /** The first Flavor, Image and Server. */
  server: (imageServerAddress: string, checksum: string): readonly object[] => [
    {
      apiVersion,
      kind: "Flavor",
      metadata: { name: "m1.tiny" },
      spec: { vcpus: 1, memoryMib: 192, rootDiskGib: 1, description: "For the test guest." },
    },
    {
      apiVersion,
      kind: "Image",
      metadata: { name: "tiny", namespace },
      spec: { source: { http: { url: `http://${imageServerAddress}/tiny.qcow2`, checksum } } },
    },
    {
      apiVersion,
      kind: "Server",
      metadata: { name: serverName, namespace },
      spec: { flavor: "m1.tiny", image: { name: "tiny" } },
    },
  ],
};
