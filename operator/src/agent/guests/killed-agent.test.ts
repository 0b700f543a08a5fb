// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import { aGuest } from "../../testing/builders.ts";
import { GuestWorld } from "../../testing/guest-world.ts";
import { Life } from "../../testing/mortal.ts";

const { server, token } = aGuest().spec;
const incarnation = { serverUid: server.uid, token };

interface Story {
  /** What the Guest said at each stage. */
  readonly told: readonly Partial<GuestStatus>[];
  /** How many QEMUs executed anything, for each boot. */
  readonly runs: readonly (readonly [string, number])[];
  readonly disksSeen: number;
  readonly calls: number;
}

/** The whole life of a guest. The agent is killed after so many effects, and the next one goes on. */
async function live(callsMax?: number): Promise<Story> {
  const world = new GuestWorld();
  const life = new Life(callsMax);
  const disks = new Set<unknown>();
  world.startAgent(life);
  const ref = await world.create();
  world.startPod(ref);
  const told: Partial<GuestStatus>[] = [];
  let isKilled = false;
  const look = (): void => {
    if (life.calls === callsMax && !isKilled) {
      isKilled = true;
      world.killAgent();
      world.startAgent();
    }
    const disk = world.files.disk(incarnation);
    if (disk !== undefined) disks.add(disk);
  };
  const untilTold = async (domain: GuestStatus["domain"], boot: number): Promise<void> => {
    await world.until(async () => {
      look();
      const guest = await world.guest(ref);
      const status = guest?.status;
      const isCurrent = status?.observedGeneration === guest?.metadata.generation;
      return isCurrent && status?.domain === domain && status?.boot === boot;
    });
    const { stoppedBy } = await world.status(ref);
    told.push({ domain, boot, ...(stoppedBy !== undefined && { stoppedBy }) });
  };
  await untilTold("Running", 1);
  await world.edit(ref, { runState: "Stopped" });
  await untilTold("Off", 1);
  await world.edit(ref, { runState: "Running", boot: 2 });
  await untilTold("Running", 2);
  world.domain(ref)?.powerOff();
  await untilTold("Off", 2);
  await world.edit(ref, { boot: 3 });
  await untilTold("Running", 3);
  world.domain(ref)?.killQemu();
  await untilTold("Off", 3);
  await world.edit(ref, { boot: 4 });
  await untilTold("Running", 4);
  await world.delete(ref);
  await world.until(async () => {
    look();
    return (await world.guest(ref)) === undefined;
  });
  world.killAgent();
  const left = await world.files.list();
  if (left.length > 0 || world.pods.domains().length > 0) throw new Error("something is left");
  if (!world.released.has(incarnation)) throw new Error("the token was not released");
  const runs = [...world.runs].map(([boot, pids]) => [boot, pids.size] as const);
  return { told, runs, disksSeen: disks.size, calls: life.calls };
}

const whole = await live();

describe("a guest's life", () => {
  test("has every boot once, upon one disk", () => {
    expect(whole.told.map(({ domain, stoppedBy }) => stoppedBy ?? domain)).toEqual([
      ...["Running", "User", "Running", "Guest"],
      ...["Running", "Crash", "Running"],
    ]);
    expect(whole.runs.map(([, count]) => count)).toEqual([1, 1, 1, 1]);
    expect(whole.disksSeen).toBe(1);
    expect(whole.calls).toBeGreaterThan(40);
  });

  test("is the same wherever the agent is killed in it", async () => {
    for (let calls = 1; calls <= whole.calls; calls += 1) {
      const { told, runs, disksSeen } = await live(calls);
      const { told: asTold, runs: asRun } = whole;
      expect({ calls, told, runs, disksSeen }).toEqual({
        calls,
        told: asTold,
        runs: asRun,
        disksSeen: 1,
      });
    }
  });
});
