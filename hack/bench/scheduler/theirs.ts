// SPDX-License-Identifier: Apache-2.0
/** The real Placement and nova, from the Python package index, asked the same questions. */
import { readFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Inventories } from "../../../operator/src/core/placement/inventory.ts";
import type { HostState } from "../../../operator/src/core/scheduler/host-state.ts";
import { cached, hashOf } from "../../cache.ts";
import { CommandError, run } from "../../exec.ts";

const folder = join(import.meta.dirname, "../openstack");
const packages = ["openstack-placement", "nova"];
const installSecondsMax = 1800;
const caseSecondsMax = 600;

/** Milliseconds of CPU time for each answer; undefined when there was none in time. */
export type Answer = readonly number[] | undefined;

/** What Placement is asked. */
export interface PlacementCase {
  readonly hosts: readonly HostState[];
  /** The query of GET /allocation_candidates; a claim on the first host when absent. */
  readonly query?: string;
  /** Settings by section of placement.conf. */
  readonly options?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  readonly repeats: number;
  readonly timeoutSeconds: number;
}

export class OpenStack {
  readonly versions: string;
  readonly #site: string;

  private constructor(site: string, versions: string) {
    this.#site = site;
    this.versions = versions;
  }

  /** Installs both in the cache, once. Throws CommandError where Python, pip or the index is missing. */
  static async install(): Promise<OpenStack> {
    const constraints = join(folder, "constraints.txt");
    const pins = (await readFile(constraints, "utf8")).split("\n");
    const wanted = pins.filter((line) => packages.includes(line.split("==")[0] ?? ""));
    const { stdout: python } = await run("python3", ["--version"]);
    const key = `openstack-${hashOf(pins, python)}`;
    const site = await cached(key, async (directory) => {
      const options = ["--quiet", "--no-warn-script-location", "--target", directory];
      const args = ["-m", "pip", "install", ...options, "--constraint", constraints, ...wanted];
      await run("python3", args, { timeoutSeconds: installSecondsMax });
    });
    return new OpenStack(site, wanted.map((line) => line.replace("==", " ")).join(" and "));
  }

  async askPlacement({ hosts, query, ...rest }: PlacementCase): Promise<Answer> {
    const place = await mkdtemp(join(tmpdir(), "placement-"));
    const [first] = hosts;
    const claim = { host: first?.name, resources: { VCPU: 2, MEMORY_MB: 4096, DISK_GB: 20 } };
    const question = query === undefined ? { claim } : { query };
    try {
      const task = { folder: place, hosts: hosts.map(treeOf), ...question, ...rest };
      return await this.#ask("ask_placement.py", task);
    } finally {
      await rm(place, { recursive: true });
    }
  }

  /** Filters and weighers alone, with every host an allocation candidate. */
  askNova(hosts: number, policy: "soft-anti-affinity" | null, repeats: number): Promise<Answer> {
    return this.#ask("ask_nova.py", { hosts, policy, repeats });
  }

  async #ask(script: string, task: unknown): Promise<Answer> {
    const { stdout } = await run("python3", [join(folder, script)], {
      stdin: JSON.stringify(task),
      env: { PYTHONPATH: this.#site, PYTHONDONTWRITEBYTECODE: "1" },
      timeoutSeconds: caseSecondsMax,
    });
    return (JSON.parse(stdout) as { ms?: number[] }).ms;
  }
}

/** Undefined, with the reason and the cure, on a machine that cannot have them. */
export async function openStackIfPossible(): Promise<OpenStack | string> {
  try {
    return await OpenStack.install();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const [why] = error.message.split("\n");
    return `The real ones could not be installed (${why}): that takes python3 >= 3.11 with pip and a Python package index.`;
  }
}

/** A host and its devices as the loader takes them. */
function treeOf({
  name,
  inventory = {},
  used,
  traits = new Set(),
  providers = [],
}: HostState): object {
  return {
    name,
    inventories: inventoriesOf(inventory),
    used: Object.fromEntries(Object.entries(used).filter(([, amount]) => amount > 0)),
    traits: [...traits],
    children: providers.map((one) => ({
      name: one.uuid,
      inventories: inventoriesOf(one.inventories),
    })),
  };
}

function inventoriesOf(inventories: Inventories): object {
  return Object.fromEntries(
    Object.entries(inventories).map(([name, one]) => [
      name,
      {
        total: one.total,
        reserved: one.reserved,
        min_unit: one.minUnit,
        max_unit: one.maxUnit,
        step_size: one.stepSize,
        allocation_ratio: one.allocationRatio,
      },
    ]),
  );
}
