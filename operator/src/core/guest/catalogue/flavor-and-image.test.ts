// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { preferredCpuTopology } from "./cpu-topology.ts";
import { settle } from "./flavor-and-image.ts";

type Properties = Readonly<Record<string, string>>;

const both = (name: string, flavor?: string, image?: string): readonly [Properties, Properties] => [
  flavor === undefined ? {} : { [`hw:${name}`]: flavor },
  image === undefined ? {} : { [`hw_${name}`]: image },
];
const settled = (name: string, flavor?: string, image?: string): string | undefined => {
  const result = settle(...both(name, flavor, image));
  return result.ok ? result.values[`hw_${name}`] : "refused";
};

describe("what flavor and image say of one subject", () => {
  test.each([
    ["cpu_policy", "dedicated", "shared", "dedicated"],
    ["cpu_policy", "mixed", "dedicated", "refused"],
    ["cpu_policy", "mixed", "shared", "mixed"],
    ["cpu_policy", "shared", "mixed", "refused"],
    ["cpu_policy", "shared", "dedicated", "refused"],
    ["cpu_policy", undefined, "dedicated", "dedicated"],
    ["cpu_thread_policy", undefined, "isolate", "isolate"],
    ["cpu_thread_policy", "prefer", "isolate", "prefer"],
    ["cpu_thread_policy", "require", "require", "require"],
    ["cpu_thread_policy", "require", "isolate", "refused"],
    ["cpu_realtime_mask", "0", "1", "1"],
    ["watchdog_action", "reset", "pause", "pause"],
    ["boot_menu", "true", "false", "false"],
    ["viommu_model", "intel", "virtio", "intel"],
    ["numa_nodes", "2", "2", "refused"],
    ["numa_nodes", undefined, "2", "2"],
    ["numa_cpus.0", "0", "0", "refused"],
    ["mem_page_size", undefined, "2048", "refused"],
    ["mem_page_size", "any", "2048", "2048"],
    ["mem_page_size", "large", "1GB", "1GB"],
    ["mem_page_size", "small", "small", "refused"],
    ["mem_page_size", "2MB", undefined, "2MB"],
    ["serial_port_count", "2", "1", "1"],
    ["serial_port_count", "2", "3", "refused"],
    ["serial_port_count", undefined, "3", "3"],
    ["tpm_version", "2.0", "1.2", "refused"],
    ["pmu", "true", "yes", "true"],
    ["pmu", "true", "no", "refused"],
  ])("%s: %s and %s make %s", (name, flavor, image, expected) => {
    expect(settled(name, flavor, image)).toBe(expected);
  });

  test("hides the hypervisor when either does", () => {
    const result = settle({ "hw:hide_hypervisor_id": "no" }, { img_hide_hypervisor_id: "yes" });
    expect(result).toEqual({ ok: true, values: { img_hide_hypervisor_id: "true" } });
  });

  test("is named in the refusal", () => {
    expect(settle(...both("tpm_model", "tpm-crb", "tpm-tis"))).toEqual({
      ok: false,
      message: "property hw_tpm_model is tpm-tis, but tpm-crb in the flavor",
    });
  });
});

test("memory encryption needs UEFI", () => {
  const flavor = { "hw:mem_encryption": "true" };
  expect(settle(flavor, {})).toMatchObject({ ok: false });
  expect(settle(flavor, { hw_firmware_type: "uefi" })).toMatchObject({ ok: true });
  expect(settle({ "hw:mem_encryption": "false" }, {})).toMatchObject({ ok: true });
});

describe("the CPU topology", () => {
  test("is the image's as a whole, if it says any of it", () => {
    const flavor = { "hw:cpu_sockets": "2", "hw:cpu_threads": "2" };
    expect(preferredCpuTopology(flavor, {})).toEqual({ sockets: 2, threads: 2 });
    expect(preferredCpuTopology(flavor, { hw_cpu_cores: "4" })).toEqual({ cores: 4 });
  });

  test.each([
    [{ "hw:cpu_max_cores": "4" }, { hw_cpu_max_cores: "8" }, false],
    [{ "hw:cpu_max_cores": "4" }, { hw_cpu_cores: "8" }, false],
    [{}, { hw_cpu_max_cores: "4", hw_cpu_cores: "8" }, false],
    [{ "hw:cpu_max_cores": "8" }, { hw_cpu_max_cores: "4", hw_cpu_cores: "4" }, true],
  ])("is within the limits of flavor %j and image %j or not", (flavor, image, isWithin) => {
    expect(settle(flavor, image).ok).toBe(isWithin);
  });
});
