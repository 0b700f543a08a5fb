// SPDX-License-Identifier: Apache-2.0
/** Create to ACTIVE, for one server and for ten at once, against the floor of the same run. */
import { createFloorPod, type FloorPod } from "./floor.ts";
import { percentile, type Report } from "./report.ts";
import { type BenchWorld, openBenchWorld } from "./world.ts";

const roundCount = 6;
const burst = 10;

export async function boot(): Promise<Report> {
  const world = await openBenchWorld("bench-boot");
  try {
    await world.warm();
    const floor: number[] = [];
    const ours: number[] = [];
    // In turn, so that both see the same noise.
    for (let round = 0; round < roundCount; round += 1) {
      floor.push(...(await secondsOfFloor(world, [`floor-${round}`])));
      ours.push(...(await secondsOfServers(world, [`one-${round}`])));
    }
    const names = (prefix: string): string[] =>
      Array.from({ length: burst }, (_, index) => `${prefix}-${index}`);
    const floorBurst = await secondsOfFloor(world, names("floor-burst"));
    const oursBurst = await secondsOfServers(world, names("burst"));
    return report({ floor, ours, floorBurst, oursBurst });
  } finally {
    await world.close();
  }
}

type Samples = Readonly<Record<"floor" | "ours" | "floorBurst" | "oursBurst", readonly number[]>>;

const ratio = (one: readonly number[], other: readonly number[]): number =>
  percentile(one, 0.5) / percentile(other, 0.5);

function report(samples: Samples): Report {
  const figures: Record<string, number> = {};
  for (const [name, label] of [
    ["floor", "floor, 1 pod"],
    ["ours", "create to ACTIVE, 1 server"],
    ["floorBurst", `floor, ${burst} pods at once`],
    ["oursBurst", `create to ACTIVE, ${burst} servers at once`],
  ] as const) {
    figures[`${label}, p50 s`] = percentile(samples[name], 0.5);
    figures[`${label}, p95 s`] = percentile(samples[name], 0.95);
  }
  return {
    about: `Image cached. The floor is a bare pod of the same image and size, scheduled by kube-scheduler, and one libvirt create of the same domain in it; ${roundCount} rounds in turn, then ${burst} at once.`,
    figures,
    ratios: {
      "1 server to the floor, p50": ratio(samples.ours, samples.floor),
      [`${burst} servers to the floor, p50`]: ratio(samples.oursBurst, samples.floorBurst),
    },
  };
}

async function secondsOfServers(world: BenchWorld, names: readonly string[]): Promise<number[]> {
  const seconds = await Promise.all(
    names.map(async (name) => {
      const startedAt = performance.now();
      await world.createServer(name);
      return ((await world.untilActive(name)) - startedAt) / 1000;
    }),
  );
  await Promise.all(names.map((name) => world.deleteServer(name)));
  return seconds;
}

async function secondsOfFloor(world: BenchWorld, names: readonly string[]): Promise<number[]> {
  const pods: FloorPod[] = [];
  try {
    return await Promise.all(
      names.map(async (name) => {
        const startedAt = performance.now();
        const pod = await createFloorPod(world, name);
        pods.push(pod);
        await pod.startDomain();
        return (performance.now() - startedAt) / 1000;
      }),
    );
  } finally {
    await Promise.all(pods.map((pod) => pod.remove()));
  }
}
