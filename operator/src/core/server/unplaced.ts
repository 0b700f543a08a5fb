// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import { secondsSince } from "../lib/time.ts";
import type { ServerState } from "./state.ts";

/** Pods that are ending give their room back in seconds: where there is none after this time, there is none. */
const unscheduledSecondsMax = 30;

/** A server pod that its node did not take. */
export interface Unplaced {
  /** Who refused it, and what it said. */
  readonly cause: string;
  /** Until it counts as refused; 0: it does. */
  readonly waitSeconds: number;
}

/**
 * Whether the kube-scheduler finds no room for the server pod on its host, or the kubelet there turned it
 * away. Undefined when it was taken, or nobody has judged it yet.
 */
export function unplacedPod({ pod, nowMs }: ServerState): Unplaced | undefined {
  if (pod?.refusedBy === undefined || pod.isDeleting) return undefined;
  const cause = `${pod.refusedBy} says: ${pod.trouble ?? "nothing"}`;
  if (pod.refusedBy === "kubelet") return { cause, waitSeconds: 0 };
  const waitSeconds = unscheduledSecondsMax - secondsSince(pod.createdTime, nowMs);
  return { cause, waitSeconds: Math.max(0, waitSeconds) };
}

/** Nothing of the guest ever ran, not even unseen: another host may build it. */
export function isUnbegun({ isBuilt }: ServerState, { status }: Guest): boolean {
  return !isBuilt && status?.domain !== "Starting";
}
