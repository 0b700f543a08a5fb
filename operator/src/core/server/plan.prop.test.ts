// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FakeNode } from "../../testing/fake-node.ts";
import { ServerWorld } from "../../testing/server-world.ts";

/** What can happen to a server, by name, each with a number that says how. */
const happenings = {
  /** A pass of the operator, which dies after so many effects. */
  operate: (world, effectsMax) => void world.operate(effectsMax % 6),
  serve: (world) => void world.serve(),
  keepPods: (world) => world.keepPods(),
  losePod: (world) => world.losePod(),
  loseGuest: (world) => world.loseGuest(),
  loseStatus: (world) => world.loseStatus(),
  delete: (world) => world.delete(),
  abandon: (world) => world.abandon(),
  power: (world, on) => world.edit({ powerState: on % 2 === 0 ? "Stopped" : "Running" }),
  crashPolicy: (world, restart) => world.edit({ onCrash: restart % 2 === 0 ? "Stop" : "Restart" }),
  flavor: (world, other) => world.edit({ flavor: other % 2 === 0 ? "m1.small" : "m1.large" }),
  stop: (world, cause) => stopAll(world, (["Guest", "Crash", "Host"] as const)[cause % 3]),
  reach: (world, node) => change(world, node, (found) => ({ isUp: !found.isUp })),
  refuse: (world, node) =>
    change(world, node, ({ refusal }) => ({ refusal: refusal === undefined ? "full" : undefined })),
  misplace: (world, node) =>
    change(world, node, () => ({
      podRefusal: ([undefined, "kube-scheduler", "kubelet"] as const)[node % 3],
    })),
  upgrade: (world, release) => void (world.guestImage = `registry.example.org/guest:${release}`),
  wait: (world, seconds) => void (world.nowMs += seconds * 1000),
} satisfies Record<string, (world: ServerWorld, how: number) => void>;

type Happening = readonly [keyof typeof happenings, number];

function stopAll(world: ServerWorld, cause: "Guest" | "Crash" | "Host" = "Host"): void {
  for (const node of world.nodes) {
    for (const name of [...node.domains.keys()]) node.stop(name, cause);
  }
}

function change(world: ServerWorld, index: number, by: (node: FakeNode) => Partial<FakeNode>) {
  const node = world.nodes[index % world.nodes.length];
  if (node !== undefined) Object.assign(node, by(node));
}

function happen(world: ServerWorld, [name, how]: Happening): void {
  happenings[name](world, how);
}

const how = fc.nat(60);
const work = fc.tuple(fc.constantFrom("operate", "serve", "keepPods"), how);
const trouble = fc.tuple(
  fc.constantFrom(
    ...(["losePod", "loseGuest", "power", "crashPolicy", "flavor", "stop"] as const),
    ...(["reach", "refuse", "misplace", "upgrade", "wait"] as const),
  ),
  how,
);
const happening = fc.oneof(
  { weight: 2, arbitrary: work },
  { weight: 1, arbitrary: trouble },
) as fc.Arbitrary<Happening>;

const lives = fc.array(happening, { maxLength: 60 });
/** Lives with one turn that the server does not always recover from. */
const turns = fc.constantFrom<Happening>(
  ["serve", 0],
  ["delete", 0],
  ["abandon", 0],
  ["loseStatus", 0],
);
const hardLives = fc
  .tuple(lives, turns, lives)
  .map(([before, turn, after]) => [...before, turn, ...after]);

describe("whatever happens to a server", () => {
  test("no two domains of it ever run, and its token never falls", () => {
    fc.assert(
      fc.property(hardLives, (life) => {
        const world = new ServerWorld();
        let token = 0;
        for (const event of life) {
          happen(world, event);
          expect(world.domains.length).toBeLessThanOrEqual(1);
          const now = world.status.run?.token ?? token;
          expect(now).toBeGreaterThanOrEqual(token);
          token = now;
        }
      }),
      { numRuns: 300 },
    );
  });

  test("a run is granted only when the last one is proved to be over", () => {
    fc.assert(
      fc.property(hardLives, (life) => {
        const world = new ServerWorld();
        for (const event of life) {
          const before = world.status.run;
          happen(world, event);
          const after = world.status.run;
          if (before === undefined || after === undefined || after.token === before.token) continue;
          const proof = world.node(before.host).hasReleased(before.token);
          expect(proof, `token ${before.token} on ${before.host}`).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("no disk is destroyed while its server stands", () => {
    fc.assert(
      fc.property(lives, fc.constantFrom("serve", "loseStatus"), lives, (before, turn, after) => {
        const world = new ServerWorld();
        let diskCount = 0;
        for (const event of [...before, [turn, 0] as const, ...after]) {
          happen(world, event);
          const now = world.nodes.reduce((sum, node) => sum + node.disks.size, 0);
          expect(now).toBeGreaterThanOrEqual(diskCount);
          diskCount = now;
        }
      }),
      { numRuns: 200 },
    );
  });

  test("it ends where its spec says once nothing more happens, and nothing is left to do", () => {
    fc.assert(
      fc.property(lives, (life) => {
        const world = new ServerWorld();
        for (const event of life) happen(world, event);
        for (const node of world.nodes) {
          Object.assign(node, { isUp: true, refusal: undefined, podRefusal: undefined });
        }
        world.settle();
        // Rests after refusals, failed pods and quick restarts are over by then.
        world.wait(60);
        world.wait(60);
        const { phase, stoppedBy } = world.status;
        const { powerState, onCrash } = world.server?.spec ?? {};
        const staysOff =
          powerState === "Stopped" ||
          stoppedBy === "Guest" ||
          (stoppedBy === "Crash" && onCrash === "Stop");
        expect(phase).toBe(staysOff ? "SHUTOFF" : "ACTIVE");
        expect(world.plan().steps).toEqual([]);
        expect(world.domains).toHaveLength(staysOff ? 0 : 1);
      }),
      { numRuns: 300 },
    );
  });

  test("it is gone with all that it had when it is deleted and its hosts answer", () => {
    fc.assert(
      fc.property(lives, lives, (before, after) => {
        const world = new ServerWorld();
        for (const event of before) happen(world, event);
        world.delete();
        for (const event of after) happen(world, event);
        for (const node of world.nodes) node.isUp = true;
        world.settle();
        expect(world.server).toBeUndefined();
        expect(world.guests).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
