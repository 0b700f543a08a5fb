// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hypervisorStatusSchema } from "../../api/v1alpha1/hypervisor.ts";
import { createNodeFactsReader } from "./node-facts.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "node-facts-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const machine = {
  "proc/sys/kernel/random/boot_id": "1f0d3d3e-6a5f-4a5e-8c0e-2c1a7d1f0b11\n",
  "proc/sys/kernel/osrelease": "6.18.44\n",
  "proc/meminfo": "MemTotal:       24681856 kB\nMemFree:        1 kB\n",
  "proc/cpuinfo": `processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC 9R14
flags\t\t: fpu sse4_1 avx2 svm

processor\t: 1
vendor_id\t: other
`,
  "sys/devices/system/cpu/online": "0-3,8,10-11\n",
};

describe("the facts of a node", () => {
  test("are read from the kernel's files", async () => {
    write(machine);
    const facts = await createNodeFactsReader(root).read(root);
    expect(facts).toMatchObject({
      bootId: "1f0d3d3e-6a5f-4a5e-8c0e-2c1a7d1f0b11",
      kernel: "6.18.44",
      memoryMib: 24_103,
      cpu: {
        model: "AMD EPYC 9R14",
        vendor: "AuthenticAMD",
        cpus: 7,
        flags: ["fpu", "sse4_1", "avx2", "svm"],
        hasHyperthreading: false,
      },
    });
    expect(facts.diskGib).toBeGreaterThan(0);
  });

  test("name one NUMA cell where the kernel knows none", async () => {
    write(machine);
    const { numaCells } = await createNodeFactsReader(root).read(root);
    expect(numaCells).toEqual([{ id: 0, cpus: "0-3,8,10-11", memoryMib: 24_103 }]);
  });

  test("name the NUMA cells in their order, and simultaneous multithreading", async () => {
    const cell = (id: number, cpus: string) => ({
      [`sys/devices/system/node/node${id}/cpulist`]: `${cpus}\n`,
      [`sys/devices/system/node/node${id}/meminfo`]: `Node ${id} MemTotal:  1048576 kB\n`,
    });
    write({
      ...machine,
      ...cell(10, "8"),
      ...cell(2, "0-3"),
      "sys/devices/system/node/possible": "0-10\n",
      "sys/devices/system/cpu/smt/active": "1\n",
    });
    const facts = await createNodeFactsReader(root).read(root);
    expect(facts.numaCells).toEqual([
      { id: 2, cpus: "0-3", memoryMib: 1024 },
      { id: 10, cpus: "8", memoryMib: 1024 },
    ]);
    expect(facts.cpu.hasHyperthreading).toBe(true);
  });

  test("of this machine fit the API", async () => {
    const { cpu, numaCells, memoryMib, diskGib } = await createNodeFactsReader().read("/");
    const { arch, model, vendor, cpus } = cpu;
    const status = { cpu: { arch, model, vendor, cpus }, numaCells, memoryMib, diskGib };
    expect(hypervisorStatusSchema.parse(status)).toEqual(status);
  });

  test("that cannot be read are a typed error", async () => {
    write({ ...machine, "proc/meminfo": "nothing\n" });
    const reading = createNodeFactsReader(root).read(root);
    await expect(reading).rejects.toMatchObject({ reason: "FactsUnreadable" });
    const nowhere = createNodeFactsReader("/nowhere").read("/");
    await expect(nowhere).rejects.toMatchObject({ reason: "FactsUnreadable" });
  });
});
