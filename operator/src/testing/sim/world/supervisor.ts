// SPDX-License-Identifier: Apache-2.0
import { PortError } from "../../../ports/errors.ts";
import { type Physics, SimProcess } from "./process.ts";

export interface SupervisorOptions {
  readonly name: string;
  readonly physics: Physics;
  /** Whether there is anybody to start it now; asked again every second until there is. */
  readonly isPossible: () => boolean;
  readonly wallOffsetMs?: () => number;
  /** The process's work. It ends by itself when it returns or throws; `stop` asks it to. */
  readonly run: (process: SimProcess, stop: AbortSignal) => Promise<unknown>;
  /** Time until it is started again. */
  readonly restartMs: readonly [min: number, max: number];
}

/** Keeps a process running, as a kubelet does with a container or systemd with a service. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #lives = 0;
  #isWanted = false;
  #process: SimProcess | undefined;
  #stop = new AbortController();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Undefined while none runs. */
  get process(): SimProcess | undefined {
    return this.#process;
  }

  start(): void {
    this.#isWanted = true;
    if (this.#process === undefined) this.#launch();
  }

  /** Ends it at once; another follows. */
  kill(): void {
    this.#process?.kill();
  }

  /** Ends it at once, and starts no other before {@link start}. */
  halt(): void {
    this.#isWanted = false;
    this.kill();
  }

  /** Asks it to end, as SIGTERM does, and starts no other before {@link start}. */
  retire(): void {
    this.#isWanted = false;
    this.#stop.abort();
  }

  #launch(): void {
    const { name, physics, isPossible, wallOffsetMs, run } = this.#options;
    if (!this.#isWanted || this.#process !== undefined) return;
    if (!isPossible()) {
      physics.timeline.after(1000, () => this.#launch());
      return;
    }
    this.#lives += 1;
    const process = new SimProcess(`${name}#${this.#lives}`, physics, wallOffsetMs);
    this.#process = process;
    this.#stop = new AbortController();
    physics.trace.add(process.name, "starts");
    process.onKill(() => this.#ended(process));
    void this.#live(process, run(process, this.#stop.signal));
  }

  async #live(process: SimProcess, work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      // An agent whose node cannot be used says so, and is started again.
      if (error instanceof PortError) process.log.warn({ err: error }, "process gave up");
      else process.log.error({ err: error }, "process threw");
    }
    process.kill();
  }

  #ended(process: SimProcess): void {
    if (this.#process !== process) return;
    this.#process = undefined;
    const { physics, restartMs } = this.#options;
    const delayMs = Math.round(process.random.between(...restartMs));
    physics.timeline.after(delayMs, () => this.#launch());
  }
}
