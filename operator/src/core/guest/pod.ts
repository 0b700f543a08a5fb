// SPDX-License-Identifier: Apache-2.0
import { apiVersion } from "../../api/define-kind.ts";
import { kinds, type Guest, type Server } from "../../api/kinds.ts";
import { annotation, csiDriver, deviceResource, label } from "../../api/names.ts";
import { metadataAnnotation, metadataMount, metadataVolume } from "./metadata/in-pod.ts";
import { labelValueOf } from "./names.ts";
import type { IpamClaim } from "./network/address-claim.ts";
import { attachmentName } from "./network/links.ts";
import { readinessPort } from "./network/ruleset.ts";
import { podMarks } from "./pod-marks.ts";

/** What every server pod of this installation has in common. */
export interface PodPolicy {
  /** Reference of the guest image. */
  readonly guestImage: string;
  /** The cluster's default class when absent. */
  readonly priorityClass?: string | undefined;
}

/** What was decided of one server pod. */
export interface PodChoice {
  /** It gets the host's KVM device. */
  readonly isAccelerated: boolean;
  /** What keeps the addresses of its further networks. */
  readonly claims: readonly IpamClaim[];
}

/** Time beyond the guest's own shutdown that the pod's init and the kubelet may take. */
const graceBeyondShutdownSeconds = 30;
/**
 * CPU time that a vCPU is promised. It gives guests their share beside other pods, and no limit throttles
 * them; how many vCPUs a host takes is Placement's to say, not the kube-scheduler's.
 */
const cpuRequestMilliPerVcpu = 100;
const runDirectory = "/data/run";

/** How often the kubelet asks whether the guest is ready: what a Service needs to leave one that stopped. */
const readinessSeconds = 2;

/**
 * The pod that a guest runs in. It fits PodSecurity `restricted` and holds nothing of the user's: the
 * guest's directory comes as an inline CSI volume that the node's agent serves. What the guest is told of
 * itself comes as an annotation of the pod, which the kubelet shows as a file beside the Secrets that the
 * Server names. The pod is ready while its guest is, as the pod itself says on the one port that the guest
 * does not get: an exec probe would cost the node tens of milliseconds of CPU each time.
 */
export function serverPod(server: Server, guest: Guest, policy: PodPolicy, choice: PodChoice) {
  const { spec, metadata } = guest;
  const marks = podMarks(server, guest.spec.domain);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: metadata.name,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      labels: {
        ...marks.labels,
        [label.serverUid]: spec.server.uid,
        [label.server]: labelValueOf(spec.server.name),
      },
      annotations: {
        [annotation.guestImage]: policy.guestImage,
        ...metadataAnnotation(server, guest),
        ...attachmentsAnnotation(guest, choice.claims),
        ...marks.annotations,
      },
      ownerReferences: [ownerOf(guest)],
    },
    spec: {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: spec.shutdown.timeoutSeconds + graceBeyondShutdownSeconds,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(policy.priorityClass !== undefined && { priorityClassName: policy.priorityClass }),
      affinity: onlyOn(spec.host),
      // The disk is on this node: no taint, however long it stands, makes the guest run elsewhere.
      tolerations: [{ operator: "Exists" }],
      securityContext: {
        runAsNonRoot: true,
        runAsUser: spec.uid,
        runAsGroup: spec.uid,
        seccompProfile: { type: "RuntimeDefault" },
        // For the ports of DHCP and of readiness, without a capability.
        sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
      },
      containers: [container(guest, policy.guestImage, choice.isAccelerated)],
      volumes: [
        {
          name: "guest",
          csi: { driver: csiDriver, volumeAttributes: { guest: metadata.name } },
        },
        // In memory: the kubelet empties an emptyDir on disk through whatever is mounted in it.
        { name: "tmp", emptyDir: { medium: "Memory", sizeLimit: "16Mi" } },
        metadataVolume(server),
      ],
    },
  };
}

/** What Multus reads. Where a network takes no address or hardware address, it leaves them out. */
function attachmentsAnnotation(
  { spec }: Guest,
  claims: readonly IpamClaim[],
): Readonly<Record<string, string>> {
  const attachments = spec.domain.networks.flatMap(({ mac, networkAttachment }, card) => {
    if (networkAttachment === undefined) return [];
    const { name, address } = networkAttachment;
    const link = attachmentName(card);
    const ips = address === undefined ? {} : { ips: [address] };
    const claim = claims.find((one) => one.spec.interface === link)?.metadata.name;
    const reference = claim === undefined ? {} : { "ipam-claim-reference": claim };
    return [{ name, interface: link, mac, ...ips, ...reference }];
  });
  return attachments.length === 0
    ? {}
    : { [annotation.networkAttachments]: JSON.stringify(attachments) };
}

function container({ spec }: Guest, image: string, isAccelerated: boolean) {
  const memory = `${spec.resources["MEMORY_MB"] ?? spec.domain.memoryMib}Mi`;
  const devices = {
    ...(isAccelerated && { [deviceResource.kvm]: "1" }),
    ...(spec.domain.networks.length > 0 && { [deviceResource.tun]: "1" }),
  };
  return {
    name: "guest",
    image,
    imagePullPolicy: "IfNotPresent",
    env: [
      { name: "HOME", value: `${runDirectory}/home` },
      { name: "XDG_RUNTIME_DIR", value: runDirectory },
    ],
    resources: {
      requests: { cpu: `${spec.domain.vcpus * cpuRequestMilliPerVcpu}m`, memory, ...devices },
      limits: { memory, ...devices },
    },
    readinessProbe: {
      tcpSocket: { port: readinessPort },
      periodSeconds: readinessSeconds,
      failureThreshold: 1,
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [
      { name: "guest", mountPath: "/data", readOnly: true, mountPropagation: "HostToContainer" },
      { name: "tmp", mountPath: "/tmp" },
      metadataMount,
    ],
  };
}

/** By affinity and not by nodeName, so that the kube-scheduler counts what the pod requests. */
function onlyOn(host: string) {
  const isHost = { key: "metadata.name", operator: "In", values: [host] };
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [isHost] }],
      },
    },
  };
}

function ownerOf({ metadata }: Guest) {
  const { name, uid = "" } = metadata;
  return { apiVersion, kind: kinds.guest.kind, name, uid, controller: true };
}
