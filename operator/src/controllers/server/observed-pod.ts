// SPDX-License-Identifier: Apache-2.0
import type { ObservedPod } from "../../core/server/state.ts";
import type { Pod } from "../../ports/kube.ts";

/** What decisions depend on of a server pod. */
export function observedPod({ metadata, status }: Pod): ObservedPod {
  return {
    name: metadata.name,
    uid: metadata.uid ?? "",
    phase: status?.phase ?? "Pending",
    isDeleting: metadata.deletionTimestamp !== undefined,
    createdTime: metadata.creationTimestamp,
    trouble: unscheduled(status) ?? waiting(status),
  };
}

/** Why the kube-scheduler leaves it, for example because other pods took the node's memory. */
function unscheduled(status: Pod["status"]): string | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  return scheduled?.status === "False" ? scheduled.message : undefined;
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
