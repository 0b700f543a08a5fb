// SPDX-License-Identifier: Apache-2.0
import { annotation } from "../../api/names.ts";
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
    createdTime: metadata.creationTimestamp,
    guestImage: metadata.annotations?.[annotation.guestImage],
    refusedBy: refusal?.by,
    trouble: refusal?.message ?? waiting(status),
  };
}

/** A server pod with nothing but what {@link observedPod} looks at: a cache holds thousands. */
export function keptOfPod({ metadata, status, ...pod }: Pod): Pod {
  const { annotations, ownerReferences: _, ...identity } = metadata;
  const guestImage = annotations?.[annotation.guestImage];
  const { phase, reason, message, conditions = [], containerStatuses = [] } = status ?? {};
  const kept = {
    ...(phase !== undefined && { phase }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    conditions: conditions.filter(({ type }) => type === scheduledCondition),
    containerStatuses: containerStatuses.map(({ name, ready, state = {} }) => {
      return { name, ready, state };
    }),
  };
  return {
    ...pod,
    metadata: {
      ...identity,
      ...(guestImage !== undefined && { annotations: { [annotation.guestImage]: guestImage } }),
    },
    spec: {},
    status: kept,
  };
}

const scheduledCondition = "PodScheduled";

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
