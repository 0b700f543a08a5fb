// SPDX-License-Identifier: Apache-2.0
import { annotation } from "../../api/names.ts";
import { followingAnnotations, type PodMarks } from "../../core/guest/pod-marks.ts";
import type { ObservedPod } from "../../core/server/state.ts";
import type { Pod } from "../../ports/kube.ts";

/** What decisions depend on of a server pod. */
export function observedPod({ metadata, status }: Pod): ObservedPod {
  const refusal = unscheduled(status) ?? rejected(status);
  return {
    name: metadata.name,
    uid: metadata.uid ?? "",
    phase: status?.phase ?? "Pending",
    isDeleting: metadata.deletionTimestamp !== undefined,
    isReady: status?.conditions?.some(isTrueReady) === true,
    marks: marksOf(metadata),
    createdTime: metadata.creationTimestamp,
    guestImage: metadata.annotations?.[annotation.guestImage],
    refusedBy: refusal?.by,
    trouble: refusal?.message ?? withoutSandbox(metadata, status) ?? waiting(status),
  };
}

function marksOf({ labels = {}, annotations }: Pod["metadata"]): PodMarks {
  return { labels, annotations: only(annotations, followingAnnotations) };
}

/** A server pod with nothing but what {@link observedPod} looks at: a cache holds thousands. */
export function keptOfPod({ metadata, status, ...pod }: Pod): Pod {
  const { annotations, ownerReferences: _, ...identity } = metadata;
  const { phase, reason, message, conditions = [], containerStatuses = [] } = status ?? {};
  const kept = {
    ...(phase !== undefined && { phase }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    conditions: conditions.filter(
      (condition) =>
        condition.type === scheduledCondition ||
        isSandboxMissing(condition) ||
        isTrueReady(condition),
    ),
    containerStatuses: containerStatuses.map(({ name, ready, state = {} }) => {
      return { name, ready, state };
    }),
  };
  return {
    ...pod,
    metadata: {
      ...identity,
      annotations: only(annotations, [annotation.guestImage, ...followingAnnotations]),
    },
    spec: {},
    status: kept,
  };
}

const scheduledCondition = "PodScheduled";

type PodCondition = NonNullable<NonNullable<Pod["status"]>["conditions"]>[number];

function isTrueReady({ type, status }: PodCondition): boolean {
  return type === "Ready" && status === "True";
}

function only(
  annotations: Readonly<Record<string, string>> = {},
  keys: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => keys.includes(key)));
}

interface PodRefusal {
  readonly by: NonNullable<ObservedPod["refusedBy"]>;
  readonly message: string;
}

/** Why the kube-scheduler leaves it, for example because other pods took the node's memory. */
function unscheduled(status: Pod["status"]): PodRefusal | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === scheduledCondition);
  // Somebody's scheduling gate says nothing of the node.
  if (scheduled?.status !== "False" || scheduled.reason !== "Unschedulable") return undefined;
  return { by: "kube-scheduler", message: scheduled.message ?? scheduled.reason };
}

/** Why the kubelet turned it away: it did so before it made any container. */
function rejected(status: Pod["status"]): PodRefusal | undefined {
  const { phase, reason, message, containerStatuses = [] } = status ?? {};
  if (phase !== "Failed" || reason === undefined || containerStatuses.length > 0) return undefined;
  return { by: "kubelet", message: message === undefined ? reason : `${reason}: ${message}` };
}

/**
 * What keeps a pod from having its network and volumes is told by Events alone, for example that Multus
 * could not attach it. Nobody is told of it as long as it lasts no longer than usual.
 */
function withoutSandbox({ name }: Pod["metadata"], status: Pod["status"]): string | undefined {
  const isMissing = status?.conditions?.some(isSandboxMissing) === true;
  if (status?.phase !== "Pending" || !isMissing) return undefined;
  return `its network or a volume is not ready, see kubectl describe pod ${name}`;
}

/** States of a container that is on its way; all others that wait are in trouble. */
const passing: readonly (string | undefined)[] = [
  undefined,
  "ContainerCreating",
  "PodInitializing",
];

function waiting(status: Pod["status"]): string | undefined {
  for (const { state } of status?.containerStatuses ?? []) {
    const reason = state?.["waiting"]?.reason;
    if (passing.includes(reason)) continue;
    const message = state?.["waiting"]?.message;
    return message === undefined ? reason : `${reason}: ${message}`;
  }
  return undefined;
}

function isSandboxMissing({ type, status }: { readonly type: string; readonly status: string }) {
  return type === "PodReadyToStartContainers" && status === "False";
}
