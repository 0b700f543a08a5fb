// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { Refused, TimedOut, Unavailable } from "../ports/errors.ts";
import { type KubeEvent, resources } from "../ports/kube.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeKube } from "../testing/fake-kube.ts";
import { FakeLogger } from "../testing/fake-logger.ts";
import { interceptKube } from "../testing/intercepted-kube.ts";
import { hypervisor, image } from "../testing/kube-store-world.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { EventRecorder, type EventText } from "./events.ts";
import { Metrics } from "./metrics.ts";

const text: EventText = {
  type: "Warning",
  reason: "NoValidHost",
  action: "Schedule",
  note: "0 of 3 hypervisors: 3 lack memory.",
};

describe("an event recorder", () => {
  let clock: FakeClock;
  let kube: FakeKube;
  let metrics: Metrics;
  let recorder: EventRecorder;
  /** Thrown before, or after, each write takes effect. */
  let fault: Error | undefined;
  let lateFault: Error | undefined;

  beforeEach(() => {
    clock = new FakeClock();
    kube = new FakeKube({ clock, random: new SeededRandom(1) });
    metrics = new Metrics();
    fault = undefined;
    lateFault = undefined;
    recorder = new EventRecorder({
      kube: interceptKube(kube, {
        before: () => {
          if (fault !== undefined) throw fault;
        },
        after: () => {
          if (lateFault !== undefined) throw lateFault;
        },
      }),
      source: { controller: "kilonova.io/operator", instance: "operator-1" },
      clock,
      random: new SeededRandom(2),
      log: new FakeLogger(),
      metrics,
    });
  });

  async function written(): Promise<readonly KubeEvent[]> {
    return (await kube.list(resources.events, { consistency: "quorum" })).items;
  }
  const dropped = async (): Promise<string[]> =>
    (await metrics.text()).match(/(?<=events_dropped_total\{cause=")[^\n]+/g) ?? [];
  const object = image("tenant", "a", { uid: "uid-a", resourceVersion: "7" });

  test("writes what happened to what, by whom and when", async () => {
    recorder.event(object, text);
    await recorder.drained();
    expect(await written()).toMatchObject([
      {
        metadata: { namespace: "tenant", name: expect.stringMatching(/^a\.[0-9a-f]{32}$/) },
        eventTime: "2026-01-01T00:00:00.000000Z",
        ...text,
        regarding: {
          apiVersion: "kilonova.io/v1alpha1",
          kind: "Image",
          namespace: "tenant",
          name: "a",
          uid: "uid-a",
          resourceVersion: "7",
        },
        reportingController: "kilonova.io/operator",
        reportingInstance: "operator-1",
      },
    ]);
  });

  test("writes what happened to a cluster-scoped object into the namespace default", async () => {
    recorder.event(hypervisor("node-1"), text);
    await recorder.drained();
    expect((await written())[0]?.metadata.namespace).toBe("default");
  });

  test("keeps to the API server's bounds", async () => {
    const long = image("tenant", "a".repeat(253));
    recorder.event(long, { ...text, note: "ä".repeat(600) });
    await recorder.drained();
    const [event] = await written();
    expect(event?.metadata.name).toHaveLength(253);
    expect(event?.note).toBe("ä".repeat(512));
  });

  test("counts a text that comes again, and writes the count rarely", async () => {
    for (let second = 0; second < 120; second += 1) {
      recorder.event(object, text);
      await clock.advance(1_000);
    }
    await clock.advance(60_000);
    const events = await written();
    expect(events).toHaveLength(1);
    expect(events[0]?.series?.count).toBe(120);
    expect(kube.writes.length).toBeLessThanOrEqual(1 + 4);
  });

  test("begins a new Event for a text that comes again after a long time", async () => {
    recorder.event(object, text);
    await clock.advance(6 * 60_000);
    recorder.event(object, text);
    await recorder.drained();
    expect(await written()).toHaveLength(2);
  });

  test("begins a new Event for another text, and for another object of that name", async () => {
    recorder.event(object, text);
    recorder.event(object, { ...text, note: "0 of 3 hypervisors: 2 lack memory." });
    recorder.event(image("tenant", "a", { uid: "uid-b" }), text);
    await recorder.drained();
    expect(await written()).toHaveLength(3);
  });

  test("lets an object cause a burst, then one Event a minute", async () => {
    for (let number = 0; number < 100; number += 1) {
      recorder.event(object, { ...text, note: `Attempt ${number}.` });
    }
    await recorder.drained();
    expect(await written()).toHaveLength(25);
    expect(await dropped()).toEqual(['rate"} 75']);
    await clock.advance(60_000);
    recorder.event(object, { ...text, note: "Attempt 101." });
    recorder.event(object, { ...text, note: "Attempt 102." });
    recorder.event(image("tenant", "b", { uid: "uid-b" }), text);
    await recorder.drained();
    expect(await written()).toHaveLength(27);
  });

  test("tries again what could not be written, for a while", async () => {
    fault = new Unavailable("down");
    recorder.event(object, text);
    await clock.advance(1_000);
    fault = undefined;
    await clock.advance(10_000);
    expect(await written()).toHaveLength(1);
    expect(await dropped()).toEqual([]);
  });

  test("writes an Event once although the first answer was lost", async () => {
    lateFault = new TimedOut("no answer");
    recorder.event(object, text);
    await clock.advance(100);
    lateFault = undefined;
    await clock.advance(10_000);
    expect(await written()).toHaveLength(1);
    expect(await dropped()).toEqual([]);
  });

  test("drops what cannot be written, counts it, and goes on", async () => {
    fault = new Unavailable("down");
    recorder.event(object, text);
    await clock.advance(60_000);
    fault = new Refused("Forbidden", "the namespace is being terminated");
    recorder.event(object, { ...text, note: "Second." });
    await clock.advance(60_000);
    fault = undefined;
    recorder.event(object, { ...text, note: "Third." });
    await recorder.drained();
    expect((await written()).map(({ note }) => note)).toEqual(["Third."]);
    expect(await dropped()).toEqual(['unavailable"} 1', 'refused"} 1']);
  });

  test("drops what comes while the queue is full", async () => {
    fault = new Unavailable("down");
    for (let number = 0; number < 600; number += 1) {
      recorder.event(image("tenant", `image-${number}`, { uid: `uid-${number}` }), text);
    }
    expect(await dropped()).toEqual(['queue"} 87']);
    fault = undefined;
    await clock.advance(10_000);
    expect(await written()).toHaveLength(513);
  });
});
