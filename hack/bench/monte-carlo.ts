// SPDX-License-Identifier: Apache-2.0
/** What settings of the weighers do to an asymmetric fleet that random servers come to and leave. */
import type { Resources } from "../../operator/src/api/v1alpha1/guest-model.ts";
import {
  addUp,
  capacityOf,
  type Inventories,
} from "../../operator/src/core/placement/inventory.ts";
import { fits } from "../../operator/src/core/placement/capacity.ts";
import type { HostState } from "../../operator/src/core/scheduler/host-state.ts";
import { schedule } from "../../operator/src/core/scheduler/schedule.ts";
import type { SchedulerSettings } from "../../operator/src/core/scheduler/settings.ts";
import { SeededRandom } from "../../operator/src/testing/seeded-random.ts";
import { percentile, type Report } from "./report.ts";

const seedCount = 10;
const hostsOfAKind = 10;
/** Servers that come while as many leave, once the fleet is half full. */
const churnCount = 500;
/** The fleet counts as full when so many servers in a row found no host. */
const refusalsMax = 30;

const units = { reserved: 0, minUnit: 1, stepSize: 1, allocationRatio: 1 };
const inventoriesOf = (cpus: number, memoryGib: number, diskGib: number): Inventories => ({
  VCPU: { ...units, total: cpus, maxUnit: cpus, allocationRatio: 4 },
  MEMORY_MB: { ...units, total: memoryGib * 1024, maxUnit: memoryGib * 1024 },
  DISK_GB: { ...units, total: diskGib, maxUnit: diskGib },
});

/** Old and new, balanced and not. */
const hostKinds = [
  inventoriesOf(16, 64, 1000),
  inventoriesOf(32, 256, 2000),
  inventoriesOf(64, 256, 1000),
  inventoriesOf(32, 768, 4000),
];

const flavors: readonly Resources[] = [
  { VCPU: 1, MEMORY_MB: 2048, DISK_GB: 20 },
  { VCPU: 2, MEMORY_MB: 8192, DISK_GB: 40 },
  { VCPU: 8, MEMORY_MB: 8192, DISK_GB: 40 },
  { VCPU: 4, MEMORY_MB: 32_768, DISK_GB: 160 },
  { VCPU: 16, MEMORY_MB: 65_536, DISK_GB: 320 },
];

const settings: Readonly<Record<string, SchedulerSettings>> = {
  "default (spread)": {},
  "ram alone": { multipliers: { cpu: 0, disk: 0 } },
  pack: { multipliers: { ram: -1, cpu: -1, disk: -1 } },
  "pack by ram": { multipliers: { ram: -1, cpu: 0, disk: 0 } },
  "subset of 5": { hostSubsetSize: 5 },
};

/** What became of one fleet. */
interface Outcome {
  /** How unequal hosts are used at half load: standard deviation of the used share of memory. */
  readonly spread: number;
  /** Hosts without a server at half load, in percent. */
  readonly empty: number;
  /** Servers that the full fleet holds. */
  readonly servers: number;
  /** Memory of the full fleet that is free, but of no use to any flavor, in percent. */
  readonly stranded: number;
  /** Largest flavor: servers that the fleet at half load could still take, in percent of hosts. */
  readonly large: number;
}

export function monteCarlo(): Promise<Report> {
  const figures: Record<string, number> = {};
  for (const [name, one] of Object.entries(settings)) {
    const outcomes = Array.from({ length: seedCount }, (_, seed) => simulate(one, seed + 1));
    const middle = (key: keyof Outcome): number =>
      percentile(
        outcomes.map((outcome) => outcome[key]),
        0.5,
      );
    figures[`${name}: memory used at half load, standard deviation, %`] = middle("spread");
    figures[`${name}: hosts empty at half load, %`] = middle("empty");
    figures[`${name}: hosts with room for the largest flavor at half load, %`] = middle("large");
    figures[`${name}: servers when full`] = middle("servers");
    figures[`${name}: memory stranded when full, %`] = middle("stranded");
  }
  const about = `${hostKinds.length * hostsOfAKind} hosts of ${hostKinds.length} kinds, ${flavors.length} flavors in random order; half full, then ${churnCount} servers replaced, then filled. p50 of ${seedCount} seeds.`;
  return Promise.resolve({ about, figures, ratios: {} });
}

function simulate(one: SchedulerSettings, seed: number): Outcome {
  const fleet = new SimulatedFleet(one, seed);
  while (fleet.usedShare() < 0.5) fleet.arrive();
  for (let turn = 0; turn < churnCount; turn += 1) {
    fleet.leave();
    fleet.arrive();
  }
  const half = fleet.halfLoad();
  let refusals = 0;
  while (refusals < refusalsMax) refusals = fleet.arrive() ? 0 : refusals + 1;
  return { ...half, servers: fleet.serverCount, stranded: fleet.strandedPercent() };
}

class SimulatedFleet {
  readonly #settings: SchedulerSettings;
  readonly #random: SeededRandom;
  readonly #hosts: HostState[];
  readonly #servers: { readonly row: number; readonly resources: Resources }[] = [];
  #arrived = 0;

  constructor(one: SchedulerSettings, seed: number) {
    this.#settings = one;
    this.#random = new SeededRandom(seed);
    this.#hosts = Array.from({ length: hostKinds.length * hostsOfAKind }, (_, row) => ({
      name: `host-${row}`,
      isUp: true,
      isDisabled: false,
      isIdentityKnown: true,
      node: "Offered",
      inventory: hostKinds[row % hostKinds.length],
      used: {},
    }));
  }

  get serverCount(): number {
    return this.#servers.length;
  }

  /** Whether the next server found a host. */
  arrive(): boolean {
    this.#arrived += 1;
    const resources = flavors[this.#below(flavors.length)] ?? {};
    const request = { serverUid: `server-${this.#arrived}`, resources, refusedHosts: [] };
    const result = schedule(request, this.#hosts, this.#settings);
    if (!result.ok) return false;
    const row = this.#hosts.findIndex(({ name }) => name === result.host);
    this.#servers.push({ row, resources });
    this.#use(row, resources, 1);
    return true;
  }

  /** A random server goes. */
  leave(): void {
    const [gone] = this.#servers.splice(this.#below(this.#servers.length), 1);
    if (gone !== undefined) this.#use(gone.row, gone.resources, -1);
  }

  usedShare(): number {
    const used = addUp(this.#hosts.map((host) => host.used))["MEMORY_MB"] ?? 0;
    return used / this.#memory(() => true, totalMemory);
  }

  halfLoad(): Pick<Outcome, "spread" | "empty" | "large"> {
    const shares = this.#hosts.map((host) => (100 * usedMemory(host)) / totalMemory(host));
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
    const percentOf = (is: (host: HostState) => boolean): number =>
      (100 * this.#hosts.filter(is).length) / this.#hosts.length;
    return {
      spread: Math.sqrt(variance),
      empty: percentOf((host) => usedMemory(host) === 0),
      large: percentOf((host) => takes(host, flavors.at(-1) ?? {})),
    };
  }

  strandedPercent(): number {
    const stranded = this.#memory(isUseless, (host) => totalMemory(host) - usedMemory(host));
    return (100 * stranded) / this.#memory(() => true, totalMemory);
  }

  #memory(is: (host: HostState) => boolean, amountOf: (host: HostState) => number): number {
    return this.#hosts.filter(is).reduce((sum, host) => sum + amountOf(host), 0);
  }

  #use(row: number, resources: Resources, sign: 1 | -1): void {
    const host = this.#hosts[row];
    if (host === undefined) return;
    const change = Object.entries(resources).map(([name, amount]) => [name, sign * amount]);
    this.#hosts[row] = { ...host, used: addUp([host.used, Object.fromEntries(change)]) };
  }

  #below(limit: number): number {
    return Math.floor(this.#random.fraction() * limit);
  }
}

const isUseless = (host: HostState): boolean => !flavors.some((flavor) => takes(host, flavor));

function takes({ inventory = {}, used }: HostState, resources: Resources): boolean {
  return fits(inventory, used, resources);
}

const usedMemory = ({ used }: HostState): number => used["MEMORY_MB"] ?? 0;

function totalMemory({ inventory }: HostState): number {
  const memory = inventory?.["MEMORY_MB"];
  return memory === undefined ? 0 : capacityOf(memory);
}
