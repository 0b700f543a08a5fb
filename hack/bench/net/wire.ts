// SPDX-License-Identifier: Apache-2.0
/** The program that measures, and what it says of the way from one end to another. */
import { join } from "node:path";
import { cached, hashOf } from "../../cache.ts";
import { run } from "../../exec.ts";
import { digestOfSources, repositoryPath } from "../../image/repository.ts";

const source = "hack/bench/net/wire.c";
const seconds = 3;
const port = "5999";

/** Somewhere the program runs: a network namespace, or a guest. */
export interface End {
  /** Runs it, with these arguments, and gives what it wrote. */
  run(...args: readonly string[]): Promise<string>;
}

/** From here to there. */
export interface Way {
  readonly from: End;
  /** The address of the other end, as this one reaches it. */
  readonly to: string;
  /** What the processes in between have used of the CPU so far, in seconds, by their names. */
  readonly cpuSeconds?: () => Promise<Figures>;
}

interface Measured {
  readonly mbits: number;
  readonly echoUs: number;
  readonly echoP99Us: number;
  readonly packets: number;
  /** While TCP streamed, for each MiB that arrived. */
  readonly cpuMsPerMib: Figures;
}

/** Path of the program, static: it runs in any Linux. */
export async function wireProgram(): Promise<string> {
  const key = `bench-wire-${hashOf(await digestOfSources(source))}`;
  const entry = await cached(key, async (out) => {
    const flags = ["-std=gnu17", "-D_GNU_SOURCE", "-O2", "-static", "-s", "-Wall", "-Werror"];
    await run("gcc", [...flags, "-o", join(out, "wire"), repositoryPath(source)]);
  });
  return join(entry, "wire");
}

export const serveArguments = ["serve", port] as const;

/** Figures by their names. */
export type Figures = Readonly<Record<string, number>>;

/** Ways that were measured in one run, each beside the same floor. */
export class Comparison {
  readonly #figures: Record<string, number>;
  readonly #ratios: Record<string, number> = {};
  readonly #floor: Measured;

  private constructor(floor: Measured, figures: Record<string, number>) {
    this.#floor = floor;
    this.#figures = figures;
  }

  /** Measures the floor. */
  static async with(floorName: string, floor: Way): Promise<Comparison> {
    const measured = await measure(floor, 1);
    return new Comparison(measured, figuresOf(floorName, measured));
  }

  /** Measures a way with as many connections, and threads that send packets, as there are queues. */
  async add(name: string, way: Way, queues: 1 | 2): Promise<void> {
    const full = `${name}, ${queues} ${queues === 1 ? "queue" : "queues"}`;
    const measured = await measure(way, queues);
    Object.assign(this.#figures, figuresOf(full, measured));
    Object.assign(this.#ratios, {
      [`${full} to its floor, throughput`]: measured.mbits / this.#floor.mbits,
      [`${full} to its floor, echo p50`]: measured.echoUs / this.#floor.echoUs,
      [`${full} to its floor, packets/s`]: measured.packets / this.#floor.packets,
    });
  }

  get figures(): Figures {
    return this.#figures;
  }

  get ratios(): Figures {
    return this.#ratios;
  }
}

async function measure({ from, to, cpuSeconds = noCpu }: Way, count: number): Promise<Measured> {
  const target = [to, port, String(seconds)];
  const before = await cpuSeconds();
  const mbits = Number(await from.run("stream", ...target, String(count)));
  const after = await cpuSeconds();
  const [echoUs = 0, echoP99Us = 0] = (await from.run("echo", ...target)).split(" ").map(Number);
  const packets = Number(await from.run("packets", ...target, String(count)));
  if (!(mbits > 0) || !(echoUs > 0) || !(packets > 0)) {
    throw new Error(`nothing was measured to ${to}: ${mbits}, ${echoUs}, ${packets}`);
  }
  const mib = (mbits * seconds * 1e6) / 8 / 2 ** 20;
  const cpuMsPerMib = Object.fromEntries(
    Object.entries(after).map(([who, now]) => [who, ((now - (before[who] ?? 0)) * 1000) / mib]),
  );
  return { mbits, echoUs, echoP99Us, packets, cpuMsPerMib };
}

const noCpu = (): Promise<Figures> => Promise.resolve({});

/** Figures of a way, by its name. */
function figuresOf(way: string, measured: Measured): Record<string, number> {
  const cpu = Object.entries(measured.cpuMsPerMib);
  return {
    [`${way}, Mbit/s`]: measured.mbits,
    [`${way}, echo p50 us`]: measured.echoUs,
    [`${way}, echo p99 us`]: measured.echoP99Us,
    [`${way}, packets/s`]: measured.packets,
    ...Object.fromEntries(cpu.map(([who, ms]) => [`${way}, CPU of ${who}, ms/MiB`, ms])),
  };
}
