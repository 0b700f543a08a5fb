// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { WorkQueue } from "./workqueue.ts";

const key = fc.constantFrom("a", "b", "c", "d");
const step = fc.oneof(
  fc.record({
    kind: fc.constant("add" as const),
    key,
    lane: fc.constantFrom("prompt" as const, "patient" as const),
  }),
  fc.record({ kind: fc.constant("delay" as const), key, ms: fc.integer({ min: 1, max: 500 }) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 300 }) }),
);

/** Workers that each need some time for a key, and what was seen of them. */
function startWorkers(queue: WorkQueue, clock: FakeClock, workers: number) {
  const busy = new Map<string, number>();
  const begunMs = new Map<string, number>();
  let together = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const taken = await queue.take();
      if (taken === undefined) return;
      begunMs.set(taken, clock.monotonicMs());
      busy.set(taken, (busy.get(taken) ?? 0) + 1);
      together = Math.max(together, ...busy.values());
      await clock.sleep(70);
      busy.set(taken, (busy.get(taken) ?? 0) - 1);
      queue.done(taken);
    }
  };
  const ended = Promise.all(Array.from({ length: workers }, work));
  return { begunMs, ended, together: () => together };
}

describe("for any order of additions, delays and workers", () => {
  test("no key is worked on twice at a time, and none is lost", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, workers) => {
          const clock = new FakeClock();
          const queue = new WorkQueue({ clock });
          const { begunMs, ended, together } = startWorkers(queue, clock, workers);
          const askedMs = new Map<string, number>();
          for (const next of steps) {
            if (next.kind === "wait") {
              await clock.advance(next.ms);
              continue;
            }
            if (next.kind === "add") queue.add(next.key, next.lane);
            else queue.addAfter(next.key, next.ms);
            askedMs.set(next.key, clock.monotonicMs());
          }
          await clock.advance(5_000);
          // Safety: no key is worked on twice at a time. Liveness: each addition is followed by a pass.
          expect(together()).toBeLessThanOrEqual(1);
          for (const [asked, ms] of askedMs) expect(begunMs.get(asked)).toBeGreaterThanOrEqual(ms);
          expect(queue.depth).toBe(0);
          queue.close();
          await ended;
        },
      ),
      { numRuns: 60 },
    ));
});
