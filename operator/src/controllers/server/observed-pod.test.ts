// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { Pod } from "../../ports/kube.ts";
import { observedPod } from "./observed-pod.ts";

function aPod(status?: NonNullable<Pod["status"]>): Pod {
  const metadata = { name: "web-1", uid: "u", creationTimestamp: "2026-01-01T00:00:00Z" };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: {}, ...(status && { status }) };
}

const waitingFor = (reason: string, message?: string): Pod =>
  aPod({
    phase: "Pending",
    containerStatuses: [
      {
        name: "guest",
        ready: false,
        state: { waiting: { reason, ...(message !== undefined && { message }) } },
      },
    ],
  });

describe("what is observed of a server pod", () => {
  test("is its identity, phase and age", () => {
    expect(observedPod(aPod({ phase: "Running" }))).toEqual({
      name: "web-1",
      uid: "u",
      phase: "Running",
      isDeleting: false,
      createdTime: "2026-01-01T00:00:00Z",
      trouble: undefined,
    });
  });

  test("is Pending before the kubelet has said anything", () => {
    expect(observedPod(aPod()).phase).toBe("Pending");
  });

  test("is no trouble while its container is being made", () => {
    expect(observedPod(waitingFor("ContainerCreating")).trouble).toBeUndefined();
  });

  test("is the trouble that the kubelet has with its container", () => {
    expect(observedPod(waitingFor("ErrImagePull", "no such image")).trouble).toBe(
      "ErrImagePull: no such image",
    );
    expect(observedPod(waitingFor("CreateContainerError")).trouble).toBe("CreateContainerError");
  });

  test("is the trouble that the kube-scheduler has with it", () => {
    const message = "0/3 nodes are available: 1 Insufficient memory.";
    const conditions = [{ type: "PodScheduled", status: "False", message }];
    expect(observedPod(aPod({ phase: "Pending", conditions })).trouble).toBe(message);
  });
});
