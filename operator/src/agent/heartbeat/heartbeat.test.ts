// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { annotation } from "../../api/names.ts";
import type { ForgottenGuest } from "../../core/guest/testimony.ts";
import { HistoryWentBack } from "../../platform/lease-witness.ts";
import { PortError, TimedOut, Unavailable } from "../../ports/errors.ts";
import { resources } from "../../ports/kube.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { FakeKube } from "../../testing/fake-kube.ts";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { interceptKube } from "../../testing/intercepted-kube.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { Heartbeat } from "./heartbeat.ts";

const ref = { namespace: "kilonova-heartbeats", name: "node-1" };
let clock: FakeClock;
let kube: FakeKube;
let log: FakeLogger;
let isCutOff: boolean;
let isAnswerLost: boolean;
let calls: string[];
let stop: AbortController;
let forgotten: readonly ForgottenGuest[] | undefined;
let damage: PortError | undefined;
/** What a look at the disk waits for. */
let disk: Promise<void>;
let looks: number;

beforeEach(() => {
  clock = new FakeClock();
  kube = new FakeKube({ clock, random: new SeededRandom(1) });
  log = new FakeLogger();
  isCutOff = false;
  isAnswerLost = false;
  calls = [];
  forgotten = [];
  damage = undefined;
  disk = Promise.resolve();
  looks = 0;
  stop = new AbortController();
});

let running: Promise<void> | undefined;
function start(): void {
  const before = ({ verb }: { verb: string }): void => {
    calls.push(verb);
    if (isCutOff) throw new Unavailable("no API server");
  };
  const after = ({ verb }: { verb: string }): void => {
    if (isAnswerLost && verb === "update") throw new TimedOut("no answer");
  };
  const intercepted = interceptKube(kube, { before, after });
  const { namespace, name: nodeName } = ref;
  const heartbeat = new Heartbeat({
    ...{ kube: intercepted, namespace, nodeName, clock, log },
    forgotten: async () => {
      looks += 1;
      await disk;
      if (damage !== undefined) throw damage;
      return forgotten;
    },
  });
  running = heartbeat.run(stop.signal);
}

afterEach(async () => {
  stop.abort();
  await running?.catch(() => undefined);
});

function createLease(name: string): Promise<unknown> {
  const identity = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
  const metadata = { namespace: ref.namespace, name };
  return kube.create(resources.leases, { ...identity, metadata }, { fieldManager: "somebody" });
}

const renewTime = async () => (await kube.get(resources.leases, ref)).spec?.renewTime;

describe("the heartbeat", () => {
  test("makes the node's Lease, and renews it every five seconds by one write each", async () => {
    start();
    await clock.advance(0);
    expect(await kube.get(resources.leases, ref)).toMatchObject({
      spec: { holderIdentity: "node-1", leaseDurationSeconds: 20 },
    });
    calls = [];
    const seen = new Set([await renewTime()]);
    for (let beat = 0; beat < 4; beat += 1) {
      await clock.advance(5000);
      seen.add(await renewTime());
    }
    expect(seen.size).toBe(5);
    expect(calls).toEqual(["update", "update", "update", "update"]);
  });

  test("goes on with the Lease of the agent before", async () => {
    start();
    await clock.advance(0);
    stop.abort();
    await running;
    stop = new AbortController();
    start();
    await clock.advance(5000);
    expect(calls.filter((verb) => verb === "create")).toHaveLength(1);
  });

  test("survives the loss of the API server, says so once, and goes on at its next beat", async () => {
    start();
    await clock.advance(5000);
    isCutOff = true;
    const before = await renewTime();
    await clock.advance(60_000);
    expect(await renewTime()).toBe(before);
    expect(log.lines.filter(({ message }) => message === "heartbeat failed")).toHaveLength(1);
    isCutOff = false;
    await clock.advance(5000);
    expect(await renewTime()).not.toBe(before);
    expect(log.lines.at(-1)?.message).toBe("heartbeat goes on");
  });

  test("ends when somebody deleted its Lease: what the agent has read may be of another history", async () => {
    start();
    await clock.advance(5000);
    await kube.delete(resources.leases, ref);
    await Promise.all([expect(running).rejects.toThrow(HistoryWentBack), clock.advance(5000)]);
    start();
    await clock.advance(0);
    expect(await renewTime()).toBeDefined();
  });

  test("ends when its Lease says what it said longer ago: etcd was restored from a backup", async () => {
    start();
    await clock.advance(5000);
    const backup = kube.backup();
    await clock.advance(10_000);
    kube.restore(backup);
    // Others write as much as there was: the version says nothing any more.
    for (let count = 0; count < 10; count += 1) await createLease(`other-${count}`);
    await Promise.all([
      expect(running).rejects.toThrow("the API server was restored from a backup"),
      clock.advance(5000),
    ]);
  });

  test("goes on when the answer of a beat was lost", async () => {
    start();
    await clock.advance(5000);
    isAnswerLost = true;
    await clock.advance(5000);
    isAnswerLost = false;
    await clock.advance(10_000);
    expect(log.lines.at(-1)?.message).toBe("heartbeat goes on");
  });

  test("says what began on the node and has no Guest, and nothing while the Guests are unknown", async () => {
    const said = async () =>
      (await kube.get(resources.leases, ref)).metadata.annotations?.[annotation.forgotten];
    forgotten = undefined;
    start();
    await clock.advance(0);
    expect(await said()).toBeUndefined();
    forgotten = [{ serverUid: "aa-1", token: 2, uid: 10_003 }];
    await clock.advance(5000);
    expect(await said()).toBe("aa-1/2/10003");
    forgotten = undefined;
    await clock.advance(5000);
    expect(await said()).toBeUndefined();
  });

  test("goes on without a word of the node's guests while its disk cannot be read, and tells of that once", async () => {
    damage = new PortError("RecordDamaged", "the guest record is damaged");
    start();
    await clock.advance(10_000);
    const lease = await kube.get(resources.leases, ref);
    expect(lease.metadata.annotations?.[annotation.forgotten]).toBeUndefined();
    expect(log.lines).toMatchObject([{ level: "error", reason: "RecordDamaged" }]);
    const before = await renewTime();
    damage = undefined;
    await clock.advance(5000);
    const next = await kube.get(resources.leases, ref);
    expect(next.metadata.annotations).toMatchObject({ [annotation.forgotten]: "" });
    expect(next.spec?.renewTime).not.toBe(before);
  });

  test("goes on while its disk hangs, with one look at it, and speaks again when it answers", async () => {
    const annotations = async () => (await kube.get(resources.leases, ref)).metadata.annotations;
    start();
    await clock.advance(5000);
    expect(await annotations()).toMatchObject({ [annotation.forgotten]: "" });
    let answer = (): void => {};
    disk = new Promise((resolve) => {
      answer = resolve;
    });
    looks = 0;
    const seen = new Set([await renewTime()]);
    for (let beat = 0; beat < 6; beat += 1) {
      await clock.advance(7000);
      seen.add(await renewTime());
    }
    expect(seen.size).toBe(7);
    expect(looks).toBe(1);
    expect((await annotations())?.[annotation.forgotten]).toBeUndefined();
    expect(log.lines).toMatchObject([{ level: "error", reason: "TimedOut" }]);
    answer();
    await clock.advance(5000);
    expect(await annotations()).toMatchObject({ [annotation.forgotten]: "" });
  });

  test("goes on after somebody else wrote its Lease", async () => {
    start();
    await clock.advance(5000);
    const lease = await kube.get(resources.leases, ref);
    const touched = { ...lease, metadata: { ...lease.metadata, labels: { touched: "yes" } } };
    await kube.update(resources.leases, touched, { fieldManager: "somebody" });
    const before = await renewTime();
    await clock.advance(10_000);
    expect(await renewTime()).not.toBe(before);
    expect((await kube.get(resources.leases, ref)).metadata.labels).toEqual({ touched: "yes" });
  });

  test("ends when it is told to, without another beat", async () => {
    start();
    await clock.advance(5000);
    stop.abort();
    await running;
    calls = [];
    await clock.advance(60_000);
    expect(calls).toEqual([]);
  });
});
