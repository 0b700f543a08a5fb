// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../../../ports/clock.ts";
import type { LogFields, Logger } from "../../../platform/logging.ts";
import type { Chance, Streams } from "./streams.ts";
import type { Timeline } from "./timeline.ts";
import type { Trace } from "./trace.ts";

/** 2026-01-01T00:00:00Z. */
const epochMs = 1_767_225_600_000;

/** What every part of a world is made with. */
export interface Physics {
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly streams: Streams;
  /** Asked before and after each effect of a process. */
  readonly ambushes: Ambushes;
  /** Told of each line that a process logs. */
  readonly onLog: (
    process: SimProcess,
    level: LogLevel,
    fields: LogFields,
    message: string,
  ) => void;
}

type LogLevel = "debug" | "info" | "warn" | "error";

/** A moment of a process at which something may be made to happen. */
export interface Moment {
  readonly process: SimProcess;
  /** The port and its method, and for the API server also the kind: `kube.updateStatus Guest`. */
  readonly call: string;
  readonly when: "before" | "after";
}

type Ambush = (moment: Moment) => boolean;

/** Faults that wait for a moment. */
export class Ambushes {
  readonly #waiting = new Set<Ambush>();

  /** Calls `ambush` at each moment until it says that it struck; the returned function ends it. */
  lay(ambush: Ambush): () => void {
    this.#waiting.add(ambush);
    return () => this.#waiting.delete(ambush);
  }

  clear(): void {
    this.#waiting.clear();
  }

  meet(moment: Moment): void {
    for (const ambush of this.#waiting) if (ambush(moment)) this.#waiting.delete(ambush);
  }
}

/**
 * A process of the product, or one that it lives with. It reaches the world through its ports alone:
 * once it is killed nothing that it still waits for ever comes.
 */
export class SimProcess {
  readonly name: string;
  readonly random: Chance;
  readonly clock: Clock;
  readonly log: Logger;
  readonly #physics: Physics;
  readonly #end = new AbortController();
  readonly #endings: (() => void)[] = [];
  readonly #wallOffsetMs: () => number;
  #frozenUntilMs = 0;

  constructor(name: string, physics: Physics, wallOffsetMs: () => number = () => 0) {
    this.name = name;
    this.#physics = physics;
    this.#wallOffsetMs = wallOffsetMs;
    this.random = physics.streams.of(name);
    this.clock = this.#makeClock();
    this.log = this.#makeLogger({});
  }

  get isAlive(): boolean {
    return !this.#end.signal.aborted;
  }

  /** Aborts when the process is killed: its connections end. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Ends it at once. */
  kill(): void {
    if (!this.isAlive) return;
    this.#physics.trace.add(this.name, "dies");
    this.#end.abort();
    for (const ending of this.#endings) ending();
  }

  /** Calls `ending` when it is killed. */
  onKill(ending: () => void): void {
    this.#endings.push(ending);
  }

  /** Stops it for a while: neither timers nor answers reach it until then. */
  freeze(ms: number): void {
    this.#frozenUntilMs = this.#physics.timeline.nowMs + ms;
  }

  /** Does what reaches the process: never when it is dead, later when it is frozen. */
  reach(act: () => void): void {
    if (!this.isAlive) return;
    const frozenMs = this.#frozenUntilMs - this.#physics.timeline.nowMs;
    if (frozenMs <= 0) return act();
    this.#physics.timeline.after(frozenMs, () => this.reach(act));
  }

  /** One call of a port: `act` after `delayMs`, if the process still lives then. */
  call<T>(call: string, delayMs: number, act: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const perform = async (): Promise<void> => {
        if (!this.meets(call, "before")) return;
        try {
          const result = await act();
          if (this.meets(call, "after")) this.reach(() => resolve(result));
        } catch (error) {
          this.reach(() => reject(error));
        }
      };
      this.reach(() => {
        if (delayMs > 0)
          this.#physics.timeline.after(delayMs, () => this.reach(() => void perform()));
        else void perform();
      });
    });
  }

  /** Whether it outlives what waits for this moment. */
  meets(call: string, when: Moment["when"]): boolean {
    if (!this.isAlive) return false;
    this.#physics.ambushes.meet({ process: this, call, when });
    return this.isAlive;
  }

  #makeClock(): Clock {
    const { timeline } = this.#physics;
    const after = (ms: number, callback: () => void): (() => void) =>
      timeline.after(ms, () => this.reach(callback));
    return {
      nowMs: () => epochMs + timeline.nowMs + this.#wallOffsetMs(),
      monotonicMs: () => timeline.nowMs,
      after,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted === true) return reject(signal.reason as Error);
          const abort = (): void => {
            cancel();
            reject(signal?.reason as Error);
          };
          const cancel = after(ms, () => {
            signal?.removeEventListener("abort", abort);
            resolve();
          });
          signal?.addEventListener("abort", abort, { once: true });
        }),
    };
  }

  #makeLogger(known: LogFields): Logger {
    const writer =
      (level: LogLevel): Logger["info"] =>
      (first: LogFields | string, second?: string) => {
        if (!this.isAlive) return;
        const [fields, message] = typeof first === "string" ? [{}, first] : [first, second ?? ""];
        this.#physics.onLog(this, level, { ...known, ...fields }, message);
      };
    return {
      debug: writer("debug"),
      info: writer("info"),
      warn: writer("warn"),
      error: writer("error"),
      child: (fields) => this.#makeLogger({ ...known, ...fields }),
    };
  }
}

/** A port as a process sees it: each asynchronous method that `delays` names is a call of the process. */
export function through<Port extends object>(
  process: SimProcess,
  name: string,
  port: Port,
  delays: Partial<Record<keyof Port, readonly [minMs: number, maxMs: number]>>,
): Port {
  return new Proxy(port, {
    get: (target, method) => {
      const member: unknown = Reflect.get(target, method);
      if (typeof member !== "function") return member;
      const bounds = delays[method as keyof Port];
      if (bounds === undefined) return member.bind(target) as unknown;
      const [minMs, maxMs] = bounds;
      return (...args: unknown[]): unknown => {
        const delayMs = Math.round(process.random.between(minMs, maxMs));
        return process.call(
          `${name}.${String(method)}`,
          delayMs,
          () => member.apply(target, args) as unknown,
        );
      };
    },
  });
}
