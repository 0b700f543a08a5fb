// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { conditionOf } from "../lib/condition-set.ts";
import { ServerWorld } from "../../testing/server-world.ts";

let world: ServerWorld;

beforeEach(() => {
  world = new ServerWorld();
});

const kinds = () => world.plan().steps.map(({ kind }) => kind);

describe("a server's pod", () => {
  const label = (labels: Record<string, string>): void => {
    const { server } = world;
    if (server !== undefined)
      world.server = { ...server, metadata: { ...server.metadata, labels } };
  };
  const podLabels = () => world.pods[0]?.marks.labels;

  test("follows the labels of a server that runs and of one that is off, by one write each", () => {
    world.settle();
    label({ app: "web" });
    expect(kinds()).toEqual(["MarkPod"]);
    world.settle();
    expect(podLabels()).toEqual({ app: "web" });
    world.edit({ powerState: "Stopped" });
    world.settle();
    label({ tier: "front" });
    world.settle();
    expect(podLabels()).toEqual({ tier: "front" });
    expect(world.writes["MarkPod"]).toBe(2);
  });

  test("that is ending or has ended is left as it is", () => {
    world.settle();
    label({ app: "web" });
    world.pods = world.pods.map((pod) => ({ ...pod, isDeleting: true }));
    expect(kinds()).not.toContain("MarkPod");
    world.pods = world.pods.map((pod) => ({ ...pod, isDeleting: false, phase: "Failed" }));
    expect(kinds()).not.toContain("MarkPod");
  });

  test("that may not be changed as the Server says is left in peace for a while, and its owner is told", () => {
    const outdated = () => conditionOf(world.status.conditions, "PodOutdated");
    world.settle();
    label({ app: "web" });
    world.markRefusal = { message: "what changed in metadata.labels (app) …", ageSeconds: 0 };
    world.settle();
    expect(outdated()).toMatchObject({ status: "True", reason: "PodChangeRefused" });
    expect(outdated()?.message).toContain("metadata.labels (app)");
    expect(world.plan()).toMatchObject({ steps: [], againAfterSeconds: 15 });
    world.markRefusal = { ...world.markRefusal, ageSeconds: 15 };
    expect(kinds()).toEqual(["MarkPod"]);
    label({});
    world.settle();
    expect(outdated()).toBeUndefined();
  });
});
