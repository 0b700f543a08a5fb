// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { readinessProbeSchema } from "../../api/v1alpha1/readiness-probe.ts";
import { ServerWorld } from "../../testing/server-world.ts";

let world: ServerWorld;

beforeEach(() => {
  world = new ServerWorld();
});

const ready = () => world.told("Ready");

describe("a server with a readiness probe", () => {
  const available = () => world.told("Available");
  const find = (isReady: boolean): void => {
    world.pods = world.pods.map((pod) => ({ ...pod, isReady }));
    world.settle();
  };
  const probe = (spec: unknown): void =>
    world.edit({ readinessProbe: readinessProbeSchema.parse(spec) });

  test("is available while its guest answers, with one write for each change", () => {
    probe({ httpGet: { port: 80, path: "/up" } });
    world.settle();
    expect(world.status.phase).toBe("ACTIVE");
    expect(ready()).toMatchObject({ status: "True" });
    expect(available()).toEqual({
      status: "False",
      reason: "ProbeFailing",
      message:
        "the guest runs, but does not answer its probe: GET /up on port 80; kubectl logs web-5e12e-1 says why",
    });
    find(true);
    expect(available()).toMatchObject({ status: "True", reason: "AsDesired" });
    const writes = world.writes["WriteStatus"] ?? 0;
    find(false);
    expect(available()).toMatchObject({ status: "False", reason: "ProbeFailing" });
    expect(world.writes["WriteStatus"]).toBe(writes + 1);
  });

  test("has it changed, or taken away, while its guest runs", () => {
    probe({ tcpSocket: { port: 80 } });
    world.settle();
    probe({ tcpSocket: { port: 81 } });
    world.settle();
    expect(Object.values(world.pods[0]?.marks.annotations ?? {})).toEqual([
      "tcp 0 10 1 1 3 10.0.2.2 81\n",
    ]);
    world.edit({ readinessProbe: undefined });
    world.settle();
    expect(world.pods[0]?.marks.annotations).toEqual({});
    expect(available()).toMatchObject({ status: "True" });
  });

  test("that asks an agent for which there is no channel is told so", () => {
    probe({ guestAgentPing: {} });
    world.settle();
    expect(available()).toMatchObject({ status: "False", reason: "GuestAgentAbsent" });
    expect(available().message).toContain("hw_qemu_guest_agent=yes");
  });
});
