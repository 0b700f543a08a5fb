// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { annotation } from "../../api/names.ts";
import type { Pod } from "../../ports/kube.ts";
import { keptOfPod, observedPod as observed } from "./observed-pod.ts";

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

/** What is kept of a pod must be enough to observe it by. */
function observedPod(pod: Pod) {
  expect(observed(keptOfPod(pod))).toEqual(observed(pod));
  return observed(pod);
}

test("what is kept of a server pod is little", () => {
  const annotations = { [annotation.guestImage]: "guest:2", [annotation.metadata]: "long" };
  const pod = aPod({ phase: "Running", podIP: "10.0.0.1" });
  const kept = keptOfPod({
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: { containers: [] },
  });
  expect(kept).toEqual({
    ...pod,
    metadata: { ...pod.metadata, annotations: { [annotation.guestImage]: "guest:2" } },
    status: { phase: "Running", conditions: [], containerStatuses: [] },
  });
});

describe("what is observed of a server pod", () => {
  test("is its identity, phase and age", () => {
    expect(observedPod(aPod({ phase: "Running" }))).toEqual({
      name: "web-1",
      uid: "u",
      phase: "Running",
      isDeleting: false,
      isReady: false,
      marks: { labels: {}, annotations: {} },
      createdTime: "2026-01-01T00:00:00Z",
      guestImage: undefined,
      refusedBy: undefined,
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
    const reason = "Unschedulable";
    const conditions = [{ type: "PodScheduled", status: "False", reason, message }];
    expect(observedPod(aPod({ phase: "Pending", conditions }))).toMatchObject({
      refusedBy: "kube-scheduler",
      trouble: message,
    });
  });

  test("is that it has no network yet, which its Events alone explain", () => {
    const conditions = [{ type: "PodReadyToStartContainers", status: "False" }];
    expect(observedPod(aPod({ phase: "Pending", conditions })).trouble).toBe(
      "its network or a volume is not ready, see kubectl describe pod web-1",
    );
    expect(observedPod(aPod({ phase: "Succeeded", conditions })).trouble).toBeUndefined();
  });

  test("is no refusal while somebody's gate keeps it from the kube-scheduler", () => {
    const conditions = [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }];
    expect(observedPod(aPod({ phase: "Pending", conditions })).refusedBy).toBeUndefined();
  });

  test("is the kubelet's refusal to let it in", () => {
    const message = "Pod was rejected: Node didn't have enough resource: memory";
    expect(observedPod(aPod({ phase: "Failed", reason: "OutOfmemory", message }))).toMatchObject({
      refusedBy: "kubelet",
      trouble: `OutOfmemory: ${message}`,
    });
  });

  test("is no refusal when a container of it has run", () => {
    const containerStatuses = [{ name: "guest", ready: false, state: { terminated: {} } }];
    const pod = aPod({ phase: "Failed", reason: "Evicted", containerStatuses });
    expect(observedPod(pod).refusedBy).toBeUndefined();
  });

  test("is the guest image that it was made for, whatever a webhook made of it", () => {
    const pod = aPod();
    const annotations = { "kilonova.io/guest-image": "registry.example.org/guest:1" };
    const metadata = { ...pod.metadata, annotations };
    expect(observedPod({ ...pod, metadata }).guestImage).toBe("registry.example.org/guest:1");
  });

  test("is ready as the kubelet says, and carries what follows its Server", () => {
    const ready = { type: "Ready", status: "True", lastProbeTime: "x" };
    const pod = aPod({ phase: "Running", conditions: [ready] });
    const annotations = { "kilonova.io/copied-labels": '["app"]', "example.org/other": "x" };
    const metadata = { ...pod.metadata, labels: { app: "web" }, annotations };
    expect(observedPod({ ...pod, metadata })).toMatchObject({
      isReady: true,
      marks: { labels: { app: "web" }, annotations: { "kilonova.io/copied-labels": '["app"]' } },
    });
    expect(observedPod(aPod({ conditions: [{ type: "Ready", status: "False" }] })).isReady).toBe(
      false,
    );
  });
});
