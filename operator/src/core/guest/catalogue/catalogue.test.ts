// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { extraSpecs, extraSpecSchema } from "./extra-specs.ts";
import { imagePropertySchema } from "./image-properties.ts";

const read = (key: string, value: string): unknown => {
  const schema = extraSpecSchema(key) ?? imagePropertySchema(key);
  const result = schema?.safeParse(value);
  return result?.success === false ? result.error.issues[0]?.message : result?.data;
};

describe("the catalogue", () => {
  test.each([
    ["hw:boot_menu", "Yes", true],
    ["hw:numa_nodes", "2", 2],
    ["hw:numa_cpus.1", "0-3,^1", [0, 2, 3]],
    ["hw:numa_mem.0", "512", 512],
    ["hw:cpu_dedicated_mask", "^0", "^0"],
    ["hw:mem_page_size", "large", "large"],
    ["hw:mem_page_size", "2048", 2048],
    ["hw:mem_page_size", "2MB", 2048],
    ["hw:mem_page_size", "1GiB", 1_048_576],
    ["hw:pmem", "fast,slow", ["fast", "slow"]],
    ["quota:cpu_quota", "-1", -1],
    ["hw_video_model", "virtio", "virtio"],
    ["hw_numa_mem.3", "64", 64],
  ])("reads %s: %s", (key, value, expected) => {
    expect(read(key, value)).toEqual(expected);
  });

  test.each([
    ["hw:numa_nodes", "0", "is not a whole number of at least 1"],
    ["hw:numa_nodes", "1.5", "is not a whole number of at least 1"],
    ["hw:redirected_usb_ports", "16", "is not a whole number from 0 to 15"],
    ["hw:cpu_realtime_mask", "3-1", "is not a list of CPUs such as 0-3,^2"],
    ["hw:numa_cpus.0", "all", "is not a list of CPUs such as 0-3,^2"],
    ["hw:mem_page_size", "2 MB", "is not small, large, any or a size such as 2MB"],
    ["hw:pmem", "fast slow", "is not a list of labels with commas between them"],
    ["hw_disk_bus", "nvme", "is not one of fdc, ide, sata, scsi, usb, virtio, xen, lxc, uml"],
  ])("says what is wrong with %s: %s", (key, value, problem) => {
    expect(read(key, value)).toBe(problem);
  });

  test("knows nothing of other keys", () => {
    for (const key of ["hw:colour", "toString", "acme", "trait", "hw:numa_cpus.x"]) {
      expect(extraSpecSchema(key)).toBeUndefined();
      expect(imagePropertySchema(key)).toBeUndefined();
    }
  });

  test("gives every extra spec a schema that refuses or reads text", () => {
    for (const schema of Object.values(extraSpecs)) expect(schema.safeParse(1).success).toBe(false);
  });
});
