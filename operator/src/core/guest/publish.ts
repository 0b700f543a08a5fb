// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../api/conditions.ts";
import type { Guest } from "../../api/kinds.ts";
import { isPodUid } from "./pod-tree.ts";

/** Which pod asks for which guest's directory. */
export interface PodClaim {
  readonly podUid: string;
  readonly namespace: string;
  /** Name of the pod and of the Guest. */
  readonly name: string;
  readonly targetPath: string;
}

type Result<T> = { readonly ok: true; readonly value: T } | Refusal;

/** Where the kubelet mounts inline volumes: nothing else is mounted or unmounted, whoever asks. */
const target =
  /^(?:\/[\w.-]+)+\/pods\/([0-9a-f-]{1,36})\/volumes\/kubernetes\.io~csi\/[\w.-]+\/mount$/;

/** Keys that the kubelet adds to a volume's attributes; a pod cannot set them. */
const contextKey = {
  podUid: "csi.storage.k8s.io/pod.uid",
  podName: "csi.storage.k8s.io/pod.name",
  podNamespace: "csi.storage.k8s.io/pod.namespace",
  isInline: "csi.storage.k8s.io/ephemeral",
} as const;

/** The uid of the pod whose volume this path is; undefined when it is no volume of a pod. */
export function podOfTarget(targetPath: string): string | undefined {
  const isPlain = !targetPath.split("/").some((name) => name === "." || name === "..");
  return isPlain ? target.exec(targetPath)?.[1] : undefined;
}

/** Reads what the kubelet asks to publish. A pod is given the directory of the Guest of its own name. */
export function readPodClaim(
  targetPath: string,
  context: Readonly<Record<string, string>>,
): Result<PodClaim> {
  const podUid = context[contextKey.podUid] ?? "";
  const name = context[contextKey.podName] ?? "";
  const namespace = context[contextKey.podNamespace] ?? "";
  if (context[contextKey.isInline] !== "true") {
    return refusal("the volume has to stand in the pod itself, not in a PersistentVolume");
  }
  if (!isPodUid(podUid) || podOfTarget(targetPath) !== podUid || namespace === "") {
    return refusal("the kubelet does not say which pod the volume is for");
  }
  if (context["guest"] !== name) {
    return refusal(`the pod ${name} may have the directory of the Guest ${name} only`);
  }
  return { ok: true, value: { podUid, namespace, name, targetPath } };
}

/** What the node knows when a pod asks. */
export interface PublishSituation {
  readonly nodeName: string;
  /** The token was given back here for good: protocol P1. */
  readonly isReleased: boolean;
}

/** Whether a pod may have the directory of this Guest, which was read afresh. */
export function judgePublish(guest: Guest, situation: PublishSituation): Result<Guest> {
  const { spec, metadata } = guest;
  if (spec.host !== situation.nodeName) {
    return refusal(`the Guest ${metadata.name} belongs to the node ${spec.host}`);
  }
  if (metadata.deletionTimestamp !== undefined || spec.runState === "Absent") {
    return refusal(`the Guest ${metadata.name} is being taken down`);
  }
  if (situation.isReleased) {
    return refusal(`the Guest ${metadata.name} gave its right to run back on this node`);
  }
  return { ok: true, value: guest };
}

function refusal(message: string): Refusal {
  return { ok: false, reason: "PodRefused", message };
}
