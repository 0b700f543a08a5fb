// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { ServerWorld } from "../../testing/server-world.ts";
import { newsOf } from "./news.ts";

let world: ServerWorld;

beforeEach(() => {
  world = new ServerWorld();
});

/** What is told while `act` happens and everything settles. */
function told(act: () => void): string[] {
  const news: string[] = [];
  act();
  for (let pass = 0; pass < 20 && world.server !== undefined; pass += 1) {
    const before = world.status;
    world.operate();
    for (const { type, reason, note } of newsOf(before, world.status)) {
      news.push(`${type} ${reason}: ${note}`);
    }
    world.serve();
    world.keepPods();
  }
  return news;
}

describe("the owner of a server is told", () => {
  test("where it goes and that it runs", () => {
    expect(told(() => undefined)).toEqual([
      expect.stringMatching(/^Normal Scheduled: node-\d was chosen of 4 hypervisors$/),
      expect.stringMatching(/^Normal Started: the guest runs on node-\d$/),
    ]);
  });

  test("that it was stopped and started, and nothing when nothing happens", () => {
    world.settle();
    expect(told(() => world.edit({ powerState: "Stopped" }))).toEqual([
      "Normal Stopped: the guest is off",
    ]);
    expect(told(() => undefined)).toEqual([]);
    expect(told(() => world.edit({ powerState: "Running" }))).toHaveLength(1);
  });

  test("why it waits, once", () => {
    world.flavor = undefined;
    expect(told(() => undefined)).toEqual([
      expect.stringMatching(/^Warning FlavorNotFound: namespace team has no flavor m1.small: /),
    ]);
  });

  test("that its guest crashed, and what can be done", () => {
    world.settle();
    const crash = () => world.node(world.status.hypervisor).stop("web-5e12e-1", "Crash");
    expect(told(crash)).toEqual([
      expect.stringMatching(
        /^Warning GuestCrashed: .* set powerState to Stopped and then to Running$/,
      ),
    ]);
  });

  test("that its guest crashed and is started again, once", () => {
    world.settle();
    world.edit({ onCrash: "Restart" });
    world.settle();
    const crash = () => world.node(world.status.hypervisor).stop("web-5e12e-1", "Crash");
    expect(told(crash)).toEqual([
      expect.stringMatching(/^Warning GuestCrashed: .*; it is started again with the same disk$/),
    ]);
    expect(told(() => void (world.nowMs += 60_000))).toHaveLength(1);
  });

  test("that it lost its pod and runs again", () => {
    world.settle();
    world.nowMs += 60_000;
    expect(told(() => world.losePod())).toEqual([
      expect.stringMatching(/^Warning PodLost: .*; it is started again with the same disk$/),
      expect.stringMatching(/^Normal Started/),
    ]);
  });

  test("that it is being deleted", () => {
    world.settle();
    expect(told(() => world.delete())).toEqual([
      "Normal Deleting: the hypervisor destroys the guest and its disk",
    ]);
  });
});
