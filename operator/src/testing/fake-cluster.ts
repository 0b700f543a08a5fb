// SPDX-License-Identifier: Apache-2.0
import { FakeClock } from "./fake-clock.ts";
import { FakeKube } from "./fake-kube.ts";
import { FakeWorkers } from "./fake-workers.ts";
import { SeededRandom } from "./seeded-random.ts";

export interface FakeClusterOptions {
  /** Names of the nodes. */
  readonly hosts?: readonly string[];
  /** How often everybody looks at what there is to do. */
  readonly stepMs?: number;
}

/** A cluster in memory, in virtual time; the operator is the test's to run. */
export class FakeCluster extends FakeWorkers {
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  readonly kube: FakeKube;
  readonly #stepMs: number;

  constructor({ stepMs = 250, ...options }: FakeClusterOptions = {}) {
    const clock = new FakeClock();
    const random = new SeededRandom(1);
    const kube = new FakeKube({ clock, random });
    super({ ...options, kube, clock });
    this.clock = clock;
    this.random = random;
    this.kube = kube;
    this.#stepMs = stepMs;
  }

  /** Lets time pass, with all at work, until something holds. Throws when that takes too long. */
  async until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    secondsMax = 120,
  ): Promise<void> {
    const untilMs = this.clock.monotonicMs() + secondsMax * 1000;
    for (;;) {
      await this.clock.advance(this.#stepMs);
      await this.work();
      this.kube.collectGarbage();
      await this.clock.advance(0);
      if (await holds()) return;
      if (this.clock.monotonicMs() > untilMs) {
        throw new Error(`${what}: not after ${secondsMax} s: ${await this.describe()}`);
      }
    }
  }
}
