// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { topologyRequest } from "./guest-topology.ts";

type Properties = Readonly<Record<string, string>>;

const asked = (extraSpecs: Properties, imageProperties: Properties = {}) =>
  topologyRequest({ vcpus: 4, memoryMib: 1024, extraSpecs, imageProperties });
const cellsOf = (extraSpecs: Properties) => {
  const request = asked(extraSpecs);
  return request.ok ? request.topology?.cells : request.message;
};

describe("a guest", () => {
  test("has no topology unless it asks for something", () => {
    expect(asked({ "hw:cpu_policy": "shared" })).toEqual({ ok: true, topology: undefined });
  });

  test("with dedicated CPUs has one cell with all of them", () => {
    expect(cellsOf({ "hw:cpu_policy": "dedicated", "hw:cpu_thread_policy": "require" })).toEqual([
      { sharedCpus: [], dedicatedCpus: [0, 1, 2, 3], memoryMib: 1024, threadPolicy: "require" },
    ]);
  });

  test("is divided evenly", () => {
    expect(cellsOf({ "hw:numa_nodes": "2", "hw:mem_page_size": "2MB" })).toEqual([
      { sharedCpus: [0, 1], dedicatedCpus: [], memoryMib: 512, pageSize: 2048 },
      { sharedCpus: [2, 3], dedicatedCpus: [], memoryMib: 512, pageSize: 2048 },
    ]);
  });

  test("is divided as it says", () => {
    const cells = cellsOf({
      "hw:numa_nodes": "2",
      "hw:numa_cpus.0": "0",
      "hw:numa_mem.0": "256",
      "hw:numa_cpus.1": "1-3",
      "hw:numa_mem.1": "768",
    });
    expect(cells).toEqual([
      { sharedCpus: [0], dedicatedCpus: [], memoryMib: 256 },
      { sharedCpus: [1, 2, 3], dedicatedCpus: [], memoryMib: 768 },
    ]);
  });

  test.each([
    ["1", [0, 2, 3], [1]],
    ["^0-1", [0, 1], [2, 3]],
  ])("with CPU policy mixed and mask %s has CPUs of both kinds", (mask, shared, dedicated) => {
    expect(cellsOf({ "hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": mask })).toEqual([
      { sharedCpus: shared, dedicatedCpus: dedicated, memoryMib: 1024 },
    ]);
  });

  test("may have its emulator's threads isolated", () => {
    const specs = { "hw:cpu_policy": "dedicated", "hw:emulator_threads_policy": "isolate" };
    expect(asked(specs)).toMatchObject({ topology: { emulatorThreads: "isolate" } });
  });

  const layout = { "hw:numa_nodes": "2", "hw:numa_cpus.0": "0-1", "hw:numa_mem.0": "512" };
  test.each<[Properties, RegExp]>([
    [{ "hw:cpu_thread_policy": "require" }, /a CPU thread policy needs/],
    [{ "hw:emulator_threads_policy": "isolate" }, /emulator threads can be isolated/],
    [{ "hw:cpu_policy": "mixed" }, /needs either hw:cpu_dedicated_mask or/],
    [{ "hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "0-3" }, /leaves no CPU/],
    [{ "hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "4" }, /names CPUs that are not there/],
    [{ "hw:cpu_dedicated_mask": "0" }, /needs CPU policy mixed/],
    [{ "hw:numa_nodes": "3" }, /cannot be divided evenly among 3/],
    [layout, /NUMA cell 1 needs both/],
    [{ ...layout, "hw:numa_cpus.1": "1-3", "hw:numa_mem.1": "512" }, /each CPU has to be in one/],
    [{ ...layout, "hw:numa_cpus.1": "2-3", "hw:numa_mem.1": "256" }, /have 768 MiB, the flavor/],
  ])("is refused with %j", (extraSpecs, message) => {
    const request = asked(extraSpecs);
    expect(request.ok ? "accepted" : request.message).toMatch(message);
  });

  test("is refused when flavor and image conflict", () => {
    expect(asked({ "hw:numa_nodes": "2" }, { hw_numa_nodes: "2" })).toMatchObject({ ok: false });
  });
});
