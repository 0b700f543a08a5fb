// SPDX-License-Identifier: Apache-2.0
import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import { NotFound, TimedOut, Unavailable } from "../ports/errors.ts";
import { type Lease, resources } from "../ports/kube.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeKube } from "../testing/fake-kube.ts";
import { FakeLogger } from "../testing/fake-logger.ts";
import { type Interceptor, interceptKube } from "../testing/intercepted-kube.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { type ProveLeadership, runAsLeader } from "./leader-election.ts";

const { leases } = resources;
const ref = { namespace: "kilonova", name: "operator" };

describe("leader election", () => {
  let clock: FakeClock;
  let kube: FakeKube;
  let candidates: Candidate[];

  /** A process that wants to lead, and what became of it. */
  class Candidate {
    readonly stop = new AbortController();
    readonly log = new FakeLogger();
    prove: ProveLeadership | undefined;
    ledSinceMs: number | undefined;
    stoppedMs: number | undefined;
    outcome: string | undefined;
    /** How long its work takes to wind up. */
    windUpMs = 0;
    /** Set: its work throws this when it begins. */
    fault: Error | undefined;
    readonly ended: Promise<void>;

    constructor(identity: string, interceptor: Interceptor = {}) {
      candidates.push(this);
      const options = {
        ...ref,
        kube: interceptKube(kube, interceptor),
        identity,
        clock,
        random: new SeededRandom(candidates.length),
        log: this.log,
        signal: this.stop.signal,
      };
      this.ended = runAsLeader(options, (signal, prove) => {
        this.prove = prove;
        return this.#lead(signal);
      }).then(
        (outcome) => void (this.outcome = outcome),
        (error: unknown) => void (this.outcome = String(error)),
      );
    }

    get isLeading(): boolean {
      return this.ledSinceMs !== undefined && this.stoppedMs === undefined;
    }

    async #lead(signal: AbortSignal): Promise<void> {
      if (this.fault !== undefined) throw this.fault;
      this.ledSinceMs = clock.monotonicMs();
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      this.stoppedMs = clock.monotonicMs();
      await clock.sleep(this.windUpMs);
    }
  }

  beforeEach(() => {
    clock = new FakeClock();
    kube = new FakeKube({ clock, random: new SeededRandom(1) });
    candidates = [];
  });
  afterEach(async () => {
    for (const candidate of candidates) candidate.stop.abort();
    await clock.advance(60_000);
    await Promise.all(candidates.map(({ ended }) => ended));
    assert.equal(clock.pending, 0);
  });

  const lease = (): Promise<Lease> => kube.get(leases, ref);

  test("is won at once where nobody leads", async () => {
    const one = new Candidate("one");
    await clock.advance(0);
    expect(one.isLeading).toBe(true);
    expect((await lease()).spec).toMatchObject({
      holderIdentity: "one",
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      renewTime: "2026-01-01T00:00:00.000000Z",
    });
  });

  test("lets one lead while it renews, and the others only look", async () => {
    const one = new Candidate("one");
    await clock.advance(100);
    const two = new Candidate("two");
    await clock.advance(600_000);
    expect([one.isLeading, two.isLeading]).toEqual([true, false]);
    expect(kube.writes).toHaveLength(1 + 200);
    expect(new Set(kube.writes.map(({ kind }) => kind))).toEqual(new Set(["Lease"]));
  });

  describe("when etcd is restored from a backup", () => {
    let one: Candidate;

    /** Goes back by a minute; others write meanwhile, so that versions say nothing. */
    async function restore(): Promise<void> {
      one = new Candidate("one");
      await clock.advance(30_000);
      const backup = kube.backup();
      await clock.advance(60_000);
      await one.prove?.();
      kube.restore(backup);
      for (let count = 0; count < 100; count += 1) {
        const identity = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
        const metadata = { namespace: "kilonova", name: `other-${count}` };
        await kube.create(leases, { ...identity, metadata }, { fieldManager: "other" });
      }
    }

    test("ends within a renewal, and says why", async () => {
      await restore();
      await clock.advance(3_000);
      expect(one.outcome).toBe("lost");
      expect(one.log.lines.map(({ message }) => message)).toContain(
        "the API server went back in time: this process ends, to begin anew",
      );
    });

    test("cannot be proven any more from that moment on", async () => {
      await restore();
      await expect(one.prove?.()).rejects.toThrow("does not say that this process leads");
    });
  });

  test("is proven while renewals and lost answers go on, and not when another holds it", async () => {
    let isLost = false;
    const one = new Candidate("one", {
      after: ({ verb }) => {
        if (isLost && verb === "update") throw new TimedOut("no answer");
      },
    });
    await clock.advance(10_000);
    isLost = true;
    await clock.advance(3_000);
    await one.prove?.();
    isLost = false;
    await clock.advance(5_000);
    await one.prove?.();
    await kube.patch(leases, ref, { spec: { holderIdentity: "two" } }, { fieldManager: "two" });
    await expect(one.prove?.()).rejects.toThrow("does not say that this process leads");
  });

  test("passes on within 3 seconds when the leader stops", async () => {
    const one = new Candidate("one");
    await clock.advance(100);
    const two = new Candidate("two");
    await clock.advance(60_000);
    one.stop.abort();
    const stoppedMs = clock.monotonicMs();
    await clock.advanceUntil(() => two.isLeading);
    expect(clock.monotonicMs() - stoppedMs).toBeLessThanOrEqual(3_000);
    expect(one.outcome).toBe("stopped");
    expect((await lease()).spec).toMatchObject({ holderIdentity: "two", leaseTransitions: 1 });
  });

  test("does not pass on before the leader's work has wound up", async () => {
    const one = new Candidate("one");
    await clock.advance(100);
    const two = new Candidate("two");
    one.windUpMs = 40_000;
    one.stop.abort();
    await clock.advance(39_900);
    expect(two.isLeading).toBe(false);
    await clock.advance(3_200);
    expect(two.isLeading).toBe(true);
  });

  test("passes on within 21 seconds after the leader died", async () => {
    let isDead = false;
    const one = new Candidate("one", {
      before: () => {
        if (isDead) throw new Unavailable("no route to host");
      },
    });
    await clock.advance(100);
    const two = new Candidate("two");
    await clock.advance(60_000);
    isDead = true;
    const diedMs = clock.monotonicMs();
    await clock.advanceUntil(() => two.isLeading);
    expect(clock.monotonicMs() - diedMs).toBeGreaterThan(10_000);
    expect(clock.monotonicMs() - diedMs).toBeLessThanOrEqual(21_000);
    expect(one.outcome).toBe("lost");
  });

  test("ends a term 10 seconds after the last renewal, 5 seconds before another begins", async () => {
    let isCut = false;
    const one = new Candidate("one", {
      before: () => {
        if (isCut) throw new Unavailable("no route to host");
      },
    });
    await clock.advance(100);
    const two = new Candidate("two");
    await clock.advance(60_000);
    isCut = true;
    await clock.advanceUntil(() => two.isLeading);
    expect(one.stoppedMs).toBeDefined();
    expect((two.ledSinceMs ?? 0) - (one.stoppedMs ?? 0)).toBeGreaterThanOrEqual(5_000);
  });

  test("ends a term in time although a renewal hangs", async () => {
    let isHanging = false;
    const one = new Candidate("one", {
      before: () => (isHanging ? clock.sleep(30_000) : undefined),
    });
    await clock.advance(60_000);
    isHanging = true;
    await clock.advance(10_000);
    expect(one.outcome).toBe("lost");
  });

  test("is not impressed by wall clocks that differ by a day", async () => {
    const one = new Candidate("one");
    await clock.advance(100);
    clock.wallOffsetMs = 86_400_000;
    const two = new Candidate("two");
    await clock.advance(60_000);
    clock.wallOffsetMs = -86_400_000;
    await clock.advance(60_000);
    expect([one.isLeading, two.isLeading]).toEqual([true, false]);
  });

  test("goes on when a renewal happened but its answer was lost", async () => {
    let isLossy = false;
    const one = new Candidate("one", {
      after: ({ verb }) => {
        if (isLossy && verb === "update") throw new TimedOut("no answer");
      },
    });
    await clock.advance(60_000);
    isLossy = true;
    await clock.advance(5_000);
    isLossy = false;
    await clock.advance(60_000);
    expect(one.isLeading).toBe(true);
    expect(one.log.lines.some(({ message }) => message === "Lease not renewed")).toBe(true);
  });

  test("begins when the Lease was taken but the answer was lost", async () => {
    let isLossy = true;
    const one = new Candidate("one", {
      after: ({ verb }) => {
        if (isLossy && verb === "create") throw new TimedOut("no answer");
      },
    });
    await clock.advance(100);
    expect(one.isLeading).toBe(false);
    isLossy = false;
    await clock.advance(3_000);
    expect(one.isLeading).toBe(true);
  });

  test("does not begin on an answer that is too old", async () => {
    let delayMs = 12_000;
    const one = new Candidate("one", { after: () => clock.sleep(delayMs) });
    await clock.advance(30_000);
    expect(one.ledSinceMs).toBeUndefined();
    delayMs = 0;
    await clock.advance(30_000);
    expect(one.isLeading).toBe(true);
  });

  test("goes on when somebody sets a label", async () => {
    const one = new Candidate("one");
    await clock.advance(10_000);
    const patch = { metadata: { labels: { colour: "red" } } };
    await kube.patch(leases, ref, patch, { fieldManager: "somebody" });
    await clock.advance(60_000);
    expect(one.isLeading).toBe(true);
  });

  test("ends the term of whom the Lease does not name any more", async () => {
    const one = new Candidate("one");
    await clock.advance(10_000);
    const patch = { spec: { holderIdentity: "stranger" } };
    await kube.patch(leases, ref, patch, { fieldManager: "somebody" });
    await clock.advance(3_000);
    expect(one.outcome).toBe("lost");
    expect((await lease()).spec?.holderIdentity).toBe("stranger");
  });

  test("ends the term when the Lease is deleted, and nobody begins before it ran out", async () => {
    const one = new Candidate("one");
    await clock.advance(100);
    const two = new Candidate("two");
    await clock.advance(10_000);
    await kube.delete(leases, ref);
    await clock.advance(3_000);
    expect([one.outcome, two.isLeading]).toEqual(["lost", false]);
    await clock.advance(15_000);
    expect(two.isLeading).toBe(true);
  });

  test("gives the Lease back, and throws, when the work fails", async () => {
    const one = new Candidate("one");
    one.fault = new TypeError("undefined is not a function");
    await clock.advance(0);
    expect(one.outcome).toBe("TypeError: undefined is not a function");
    expect((await lease()).spec).not.toHaveProperty("holderIdentity");
  });

  test("ends a candidacy when it is asked to", async () => {
    const one = new Candidate("one");
    await clock.advance(100);
    const two = new Candidate("two");
    await clock.advance(10_000);
    two.stop.abort();
    await clock.advance(0);
    expect(two.outcome).toBe("stopped");
    expect([one.isLeading, two.ledSinceMs]).toEqual([true, undefined]);
  });

  test("does not give back what another holds", async () => {
    const one = new Candidate("one");
    one.windUpMs = 1_000;
    await clock.advance(10_000);
    one.stop.abort();
    await kube.delete(leases, ref);
    await clock.advance(1_000);
    await expect(lease()).rejects.toThrow(NotFound);
    expect(one.outcome).toBe("stopped");
  });
});
