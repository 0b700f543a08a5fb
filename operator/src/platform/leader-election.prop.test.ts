// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { assert, describe, expect, test } from "vitest";
import type { Clock } from "../ports/clock.ts";
import { TimedOut, Unavailable } from "../ports/errors.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeKube } from "../testing/fake-kube.ts";
import { FakeLogger } from "../testing/fake-logger.ts";
import { interceptKube, type KubeCall } from "../testing/intercepted-kube.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { runAsLeader } from "./leader-election.ts";

/** One of several replicas. It is started again when it ends, as a Deployment does. */
class Replica {
  isLeading = false;
  /** Calls fail before, or after, they take effect. */
  link: "up" | "down" | "deaf" = "up";
  delayMs = 0;
  readonly #world: World;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #name: string;
  #restarts = 0;
  #stop = new AbortController();

  constructor(world: World, index: number) {
    this.#world = world;
    this.#name = `replica-${index}`;
    this.#random = new SeededRandom(index);
    // Neither wall clocks nor the zero of monotonic clocks are shared.
    this.#clock = {
      ...bound(world.clock),
      nowMs: () => world.clock.nowMs() + (index - 1) * 86_400_000,
      monotonicMs: () => world.clock.monotonicMs() + index * 1_000_000,
    };
  }

  async run(): Promise<void> {
    while (!this.#world.isOver) {
      this.#restarts += 1;
      this.#stop = new AbortController();
      await runAsLeader(
        {
          kube: interceptKube(this.#world.kube, {
            before: () => this.#before(),
            after: (call) => this.#after(call),
          }),
          namespace: "kilonova",
          name: "operator",
          identity: `${this.#name}-${this.#restarts}`,
          clock: this.#clock,
          random: this.#random,
          log: new FakeLogger(),
          signal: this.#stop.signal,
        },
        (signal) => this.#lead(signal),
      );
      await this.#clock.sleep(500);
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async #before(): Promise<void> {
    await this.#clock.sleep(this.delayMs * this.#random.fraction());
    if (this.link === "down") throw new Unavailable("no route to host");
  }

  async #after({ verb }: KubeCall): Promise<void> {
    await this.#clock.sleep(this.delayMs * this.#random.fraction());
    if (this.link === "deaf" && verb !== "get") throw new TimedOut("no answer");
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.isLeading = true;
    this.#world.check();
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.isLeading = false;
  }
}

class World {
  readonly clock = new FakeClock();
  readonly kube = new FakeKube({ clock: this.clock, random: new SeededRandom(9) });
  readonly replicas = [0, 1, 2].map((index) => new Replica(this, index));
  isOver = false;
  terms = 0;

  get leaders(): number {
    return this.replicas.filter(({ isLeading }) => isLeading).length;
  }

  /** Called whenever a term begins. */
  check(): void {
    this.terms += 1;
    assert.equal(this.leaders, 1);
  }
}

function bound(clock: FakeClock): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    after: (ms, callback) => clock.after(ms, callback),
  };
}

const replica = fc.nat(2);
const step = fc.record({
  replica,
  act: fc.constantFrom("up", "down", "deaf", "slow", "stop"),
  thenMs: fc.integer({ min: 0, max: 25_000 }),
});

describe("whatever happens to links, answers and processes", () => {
  test("there are never two leaders, and soon again one", () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const world = new World();
        const running = Promise.all(world.replicas.map((each) => each.run()));
        for (const { replica: index, act, thenMs } of steps) {
          const target = world.replicas[index];
          if (target === undefined) continue;
          if (act === "stop") target.stop();
          else if (act === "slow") target.delayMs = 8_000;
          else target.link = act;
          await world.clock.advance(thenMs);
        }
        for (const each of world.replicas) {
          each.link = "up";
          each.delayMs = 0;
        }
        await world.clock.advance(60_000);
        expect(world.leaders).toBe(1);
        world.isOver = true;
        for (const each of world.replicas) each.stop();
        await world.clock.advance(30_000);
        await running;
        expect(world.clock.pending).toBe(0);
      }),
      { numRuns: 40 },
    ));
});
