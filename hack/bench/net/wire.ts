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
}

export interface Measured {
  readonly mbits: number;
  readonly echoUs: number;
  readonly echoP99Us: number;
  readonly packets: number;
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

/** `count` connections, and threads that send packets. */
export async function measure({ from, to }: Way, count: number): Promise<Measured> {
  const target = [to, port, String(seconds)];
  const mbits = Number(await from.run("stream", ...target, String(count)));
  const [echoUs = 0, echoP99Us = 0] = (await from.run("echo", ...target)).split(" ").map(Number);
  const packets = Number(await from.run("packets", ...target, String(count)));
  if (!(mbits > 0) || !(echoUs > 0) || !(packets > 0)) {
    throw new Error(`nothing was measured to ${to}: ${mbits}, ${echoUs}, ${packets}`);
  }
  return { mbits, echoUs, echoP99Us, packets };
}

export function withQueues(way: string, queues: 1 | 2): string {
  return `${way}, ${queues} ${queues === 1 ? "queue" : "queues"}`;
}

/** Figures of a way, by its name. */
export function figuresOf(way: string, measured: Measured): Record<string, number> {
  return {
    [`${way}, Mbit/s`]: measured.mbits,
    [`${way}, echo p50 us`]: measured.echoUs,
    [`${way}, echo p99 us`]: measured.echoP99Us,
    [`${way}, packets/s`]: measured.packets,
  };
}

/** How much of the floor's throughput a way has, and how much longer an echo takes. */
export function ratiosOf(way: string, measured: Measured, floor: Measured): Record<string, number> {
  return {
    [`${way} to its floor, throughput`]: measured.mbits / floor.mbits,
    [`${way} to its floor, echo p50`]: measured.echoUs / floor.echoUs,
    [`${way} to its floor, packets/s`]: measured.packets / floor.packets,
  };
}
