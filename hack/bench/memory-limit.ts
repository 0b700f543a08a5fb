// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { parseQuantity } from "../../operator/src/core/lib/quantity.ts";

const values = join(import.meta.dirname, "../../charts/kilonova/values.yaml");
const schema = z.object({
  operator: z.object({ resources: z.object({ limits: z.object({ memory: z.string() }) }) }),
});

/** Memory in bytes that the chart lets the operator have. Node collects garbage by it. */
export async function operatorMemoryLimit(): Promise<number> {
  const { operator } = schema.parse(parse(await readFile(values, "utf8")));
  const { memory } = operator.resources.limits;
  const bytes = parseQuantity(memory);
  if (bytes === undefined) throw new Error(`${values}: ${memory} is no quantity of memory`);
  return bytes;
}

const versions = [
  { mount: "/sys/fs/cgroup/memory", file: "memory.limit_in_bytes" },
  { mount: "/sys/fs/cgroup", file: "memory.max" },
];

/** A control group, of version 1 or 2, whose processes may use so much memory. Needs root. */
export class MemoryLimit {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(name: string, bytes: number): Promise<MemoryLimit> {
    const version = versions.find(({ mount }) => existsSync(join(mount, "cgroup.procs")));
    if (version === undefined) throw new Error("there are no control groups for memory");
    const directory = join(version.mount, name);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, version.file), String(bytes));
    return new MemoryLimit(directory);
  }

  /** Its processes must have ended. */
  remove(): Promise<void> {
    return rmdir(this.directory);
  }
}
