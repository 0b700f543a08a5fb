// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { memoryRequestBytes } from "./pod-requests.ts";

const mi = 2 ** 20;
const asking = (memory: string) => ({ resources: { requests: { memory } } });
const sidecar = (memory: string) => ({ ...asking(memory), restartPolicy: "Always" });

describe("the memory that a pod takes of its node", () => {
  test("is what its containers request together", () => {
    const spec = { containers: [asking("64Mi"), asking("1Gi"), {}] };
    expect(memoryRequestBytes({ spec })).toBe(1088 * mi);
  });

  test("is nothing once it ended", () => {
    const spec = { containers: [asking("64Mi")] };
    expect(memoryRequestBytes({ spec, status: { phase: "Failed" } })).toBe(0);
    expect(memoryRequestBytes({ spec, status: { phase: "Succeeded" } })).toBe(0);
    expect(memoryRequestBytes({ spec, status: { phase: "Running" } })).toBe(64 * mi);
  });

  test("is its largest init container's when that is more", () => {
    const spec = { containers: [asking("64Mi")], initContainers: [asking("1Mi"), asking("96Mi")] };
    expect(memoryRequestBytes({ spec })).toBe(96 * mi);
  });

  test("has the sidecars beside the containers and beside the init containers after them", () => {
    const initContainers = [asking("90Mi"), sidecar("32Mi"), asking("80Mi")];
    expect(memoryRequestBytes({ spec: { containers: [asking("64Mi")], initContainers } })).toBe(
      112 * mi,
    );
    expect(memoryRequestBytes({ spec: { containers: [asking("96Mi")], initContainers } })).toBe(
      128 * mi,
    );
  });

  test("is the pod's own request where it has one, and its overhead comes on top", () => {
    const spec = {
      ...asking("256Mi"),
      containers: [asking("64Mi")],
      overhead: { memory: "10Mi" },
    };
    expect(memoryRequestBytes({ spec })).toBe(266 * mi);
  });

  test("counts a request that nobody can read as none", () => {
    expect(memoryRequestBytes({ spec: { containers: [asking("lots")] } })).toBe(0);
  });
});
