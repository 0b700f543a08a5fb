// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import { aGuest } from "../../testing/builders.ts";
import { GuestWorld } from "../../testing/guest-world.ts";
import { LostAnswer } from "../../testing/lost-answer.ts";
import { Life } from "../../testing/mortal.ts";

const { server, token } = aGuest().spec;
const incarnation = { serverUid: server.uid, token };

/** Enough on a machine that has much else to do. */
const timeout = 60_000;

type Fate = Life | LostAnswer;

interface Story {
  /** What the Guest said at each stage. */
  readonly told: readonly Partial<GuestStatus>[];
  /** How many QEMUs executed anything, for each boot. */
  readonly runs: readonly (readonly [string, number])[];
  /** How many disks the guest ever had. */
  readonly disks: number;
  /** Directories and domains that are left in the end. */
  readonly left: number;
  readonly isReleased: boolean;
}

/** The whole life of a guest. An agent that was killed is followed by the next one. */
async function live(fate: Fate = new Life()): Promise<Story> {
  const world = new GuestWorld();
  const disks = new Set<unknown>();
  const told: Partial<GuestStatus>[] = [];
  world.startAgent(fate);
  const ref = await world.create();
  world.startPod(ref);
  let isFirst = true;
  const look = (): void => {
    if (isFirst && fate instanceof Life && fate.isOver) {
      isFirst = false;
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
    told.push({ domain, boot, stoppedBy: (await world.status(ref)).stoppedBy });
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
  await world.delete(ref);
  await world.until(async () => {
    look();
    return (await world.guest(ref)) === undefined;
  });
  world.killAgent();
  return {
    told,
    runs: [...world.runs].map(([boot, pids]) => [boot, pids.size]),
    disks: disks.size,
    left: (await world.files.list()).length + world.pods.domains().length,
    isReleased: world.released.has(incarnation),
  };
}

const undisturbed = new Life();
const whole = await live(undisturbed);
const effects = Array.from({ length: undisturbed.calls }, (_, index) => index + 1);

describe("a guest's life", () => {
  test("has every boot once, upon one disk, and leaves nothing", () => {
    const stages = whole.told.map(({ domain, stoppedBy }) => stoppedBy ?? domain);
    expect(stages).toEqual(["Running", "User", "Running", "Guest", "Running", "Crash"]);
    expect(whole).toMatchObject({ disks: 1, left: 0, isReleased: true });
    expect(whole.runs.map(([, count]) => count)).toEqual([1, 1, 1]);
    expect(effects.length).toBeGreaterThan(30);
  });

  test("is the same after whichever effect the agent is killed", { timeout }, async () => {
    for (const effect of effects) {
      expect({ effect, ...(await live(new Life(effect))) }).toEqual({ effect, ...whole });
    }
  });

  test("is the same whichever answer is lost to the agent", { timeout }, async () => {
    for (const effect of effects) {
      expect({ effect, ...(await live(new LostAnswer(effect))) }).toEqual({ effect, ...whole });
    }
  });
});
