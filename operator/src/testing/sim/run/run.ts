// SPDX-License-Identifier: Apache-2.0
import { acts } from "../acts/index.ts";
import { faults } from "../faults/index.ts";
import type { Happening } from "../happening.ts";
import { invariants } from "../invariants/index.ts";
import type { Check, Violation } from "../invariants/invariant.ts";
import { Streams } from "../world/streams.ts";
import type { TraceLine } from "../world/trace.ts";
import { World } from "../world/world.ts";
import { type Event, type Scenario, type ScenarioOptions, scenarioOf } from "./scenario.ts";

/** How a story ended. */
export interface Outcome {
  readonly scenario: Scenario;
  /** SHA-256 of the whole trace. */
  readonly hash: string;
  /** The first invariant that did not hold; none when all did. */
  readonly violations: readonly Violation[];
  readonly trace: readonly TraceLine[];
  readonly steps: number;
  readonly faults: number;
  readonly simulatedMs: number;
  /** Time that servers existed, added up. */
  readonly serverMs: number;
}

export interface RunOptions {
  /** How many of the last lines of the trace are kept: none by default. */
  readonly traceLinesMax?: number;
}

/** Once faults are over, everything has to be as it should within this time. */
const restMsMax = 20 * 60_000;
const lookMs = 5000;
/** Counts of Events, usage, orphans and the like are told late. */
const settleMs = 150_000;
/** A world at rest is watched for this long. */
const idleMs = 70_000;

/** Runs the story of a seed. */
export function runSeed(options: ScenarioOptions & RunOptions): Promise<Outcome> {
  return runScenario(scenarioOf(options), options);
}

/** Runs a story until it ends, or until an invariant does not hold. */
export async function runScenario(
  scenario: Scenario,
  { traceLinesMax = 0 }: RunOptions = {},
): Promise<Outcome> {
  const run = new Run(scenario, traceLinesMax);
  return run.play();
}

class Run {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #checks: readonly (readonly [name: string, check: Check])[];
  #violation: Violation | undefined;
  #faults = 0;
  #serverMs = 0;
  #countedMs = 0;

  constructor(scenario: Scenario, traceLinesMax: number) {
    this.#scenario = scenario;
    this.#world = new World({ ...scenario, traceLinesMax });
    this.#checks = invariants.map((each) => [each.name, each.watch(this.#world)] as const);
  }

  async play(): Promise<Outcome> {
    const { minutes, events } = this.#scenario;
    await this.#world.start();
    for (const event of events) {
      this.#world.timeline.after(event.atMs, () => void this.#strike(event));
    }
    await this.#pass(minutes * 60_000);
    await this.#rest();
    return this.#end();
  }

  async #strike(event: Event): Promise<void> {
    const happening = happeningOf(event.name);
    if (faults.includes(happening)) this.#faults += 1;
    this.#world.trace.add("story", `${happening.name}: ${happening.says}`);
    try {
      await happening.strike(this.#world, new Streams(event.seed).of(event.name));
    } catch (error) {
      this.#violate("story", `${event.name} failed: ${(error as Error).stack}`);
    }
  }

  /** All faults are over and people have no more wishes: everything has to come to rest. */
  async #rest(): Promise<void> {
    const { timeline } = this.#world;
    this.#world.trace.add("story", "all faults are over");
    this.#world.heal();
    const deadlineMs = timeline.nowMs + restMsMax;
    for (;;) {
      await this.#pass(lookMs);
      const missing = (await this.#missing()) ?? (await this.#missingLater());
      if (this.#violation !== undefined) return;
      if (missing === undefined) break;
      if (timeline.nowMs >= deadlineMs) return this.#violate(...missing);
    }
    for (const [, { beforeIdle }] of this.#checks) beforeIdle?.();
    await this.#pass(idleMs);
    if (this.#violation === undefined) await this.#judgeIdle();
  }

  /** Nothing was missing before the world was left alone, and nothing may be now. */
  async #judgeIdle(): Promise<void> {
    const late = await this.#missing();
    if (late !== undefined) return this.#violate(...late);
    for (const [name, { atEnd }] of this.#checks) {
      const message = atEnd?.();
      if (message !== undefined) this.#violate(name, message);
    }
  }

  /** A watch that fell silent is noticed late: what it hides is missing later. */
  async #missingLater(): Promise<readonly [name: string, message: string] | undefined> {
    await this.#pass(settleMs);
    return this.#missing();
  }

  async #missing(): Promise<readonly [name: string, message: string] | undefined> {
    for (const [name, { missing }] of this.#checks) {
      const message = await missing?.();
      if (message !== undefined) return [name, message];
    }
    return undefined;
  }

  async #pass(ms: number): Promise<void> {
    const { timeline } = this.#world;
    if (this.#violation === undefined)
      await timeline.run(timeline.nowMs + ms, () => this.#afterStep());
  }

  #afterStep(): boolean {
    const { timeline, people } = this.#world;
    this.#serverMs += people.wishes.size * (timeline.nowMs - this.#countedMs);
    this.#countedMs = timeline.nowMs;
    for (const [name, { afterStep }] of this.#checks) {
      const message = afterStep?.();
      if (message !== undefined) this.#violate(name, message);
    }
    return this.#violation !== undefined;
  }

  #violate(invariant: string, message: string): void {
    const { trace, timeline } = this.#world;
    trace.add("invariant", `${invariant}: ${message}`);
    this.#violation ??= { invariant, atMs: timeline.nowMs, message };
  }

  #end(): Outcome {
    const { trace, timeline } = this.#world;
    this.#world.stop();
    return {
      scenario: this.#scenario,
      trace: trace.lines,
      hash: trace.digest(),
      violations: this.#violation === undefined ? [] : [this.#violation],
      steps: timeline.steps,
      faults: this.#faults,
      simulatedMs: timeline.nowMs,
      serverMs: this.#serverMs,
    };
  }
}

const happenings = new Map([...acts, ...faults].map((one) => [one.name, one]));

function happeningOf(name: string): Happening {
  const found = happenings.get(name);
  if (found === undefined) {
    throw new Error(`no act or fault ${name}; there are: ${[...happenings.keys()].join(", ")}`);
  }
  return found;
}
