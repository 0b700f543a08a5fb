// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { aHypervisor, anAggregate } from "../../testing/builders.ts";
import { zoneOf } from "./aggregates.ts";
import type { HostState } from "./host-state.ts";
import { hostStatesOf } from "./host-states.ts";
import type { ScheduleRequest } from "./request.ts";
import { schedule } from "./schedule.ts";

const inventory = aHypervisor().status?.inventory;
const aHost = (name: string, change: Partial<HostState> = {}): HostState => ({
  name,
  isUp: true,
  isDisabled: false,
  isIdentityKnown: true,
  node: "Offered",
  inventory,
  used: {},
  ...change,
});

const request: ScheduleRequest = {
  serverUid: "5e12e12e-0000-4000-8000-000000000001",
  resources: { VCPU: 2, MEMORY_MB: 4096, DISK_GB: 10 },
  refusedHosts: [],
};

const full = { MEMORY_MB: 14_000 };

describe("the scheduler", () => {
  test("chooses a host that fits and says what excluded the others", () => {
    const hosts = [aHost("a", { isUp: false }), aHost("b"), aHost("c", { used: full })];
    expect(schedule(request, hosts)).toEqual({
      ok: true,
      host: "b",
      decision: {
        host: "b",
        considered: 3,
        excluded: { "is down": 1, "lacks 4096 MiB MEMORY_MB": 1 },
      },
    });
  });

  test("counts the causes when no host fits now", () => {
    const down = aHost("c", { isUp: false });
    const hosts = [aHost("a", { used: full }), aHost("b", { used: full }), down];
    expect(schedule(request, hosts)).toMatchObject({
      ok: false,
      reason: "NoValidHost",
      message: "0 of 3 hypervisors: 2 lack 4096 MiB MEMORY_MB, 1 is down",
      counts: { "lacks 4096 MiB MEMORY_MB": 2, "is down": 1 },
    });
  });

  test("says what to do when there is no hypervisor at all", () => {
    expect(schedule(request, [])).toMatchObject({
      reason: "NoValidHost",
      message: "there is no hypervisor: label a node kilonova.io/hypervisor=true",
    });
  });

  test("says that waiting is in vain when no host could hold it even if empty", () => {
    const huge = { ...request, resources: { VCPU: 9 } };
    expect(schedule(huge, [aHost("a", { isUp: false }), aHost("b")])).toMatchObject({
      reason: "NeverFits",
      message:
        "no known hypervisor could hold it even if empty: 2 do not hand out 9 VCPU in one piece",
    });
  });

  test("does not say so while a host has not reported yet", () => {
    const huge = { ...request, resources: { VCPU: 9 } };
    const silent = aHost("b", { inventory: undefined });
    expect(schedule(huge, [aHost("a"), silent])).toMatchObject({ reason: "NoValidHost" });
  });

  test.each([
    [{ isUp: false }, "is down"],
    [{ isDisabled: true }, "is disabled"],
    [{ isIdentityKnown: false }, "waits for its changed identity to be acknowledged"],
    [{ node: "Unlabelled" }, "is not labelled as a hypervisor any more"],
    [{ node: "Cordoned" }, "is cordoned"],
    [{ node: "Gone" }, "has no node any more"],
    [{ inventory: undefined }, "has not reported its inventory yet"],
  ] as const)("excludes a host with %j because it %s", (change, cause) => {
    const result = schedule(request, [aHost("a", change)]);
    expect(result.decision.excluded).toEqual({ [cause]: 1 });
  });

  test("does not go back to a host that refused", () => {
    const refused = { ...request, refusedHosts: ["a"] };
    expect(schedule(refused, [aHost("a"), aHost("b")])).toMatchObject({ host: "b" });
    expect(schedule(refused, [aHost("a")])).toMatchObject({
      message: "0 of 1 hypervisors: 1 refused the claim",
    });
  });
});

describe("causes", () => {
  const many = Array.from({ length: 40 }, (_, index) => index);

  test("are cut to what a status holds", () => {
    const result = schedule({ ...request, zone: "z".repeat(300) }, [aHost("a")]);
    expect(Object.keys(result.decision.excluded ?? {})).toEqual([
      `is not in zone ${"z".repeat(113)}`,
    ]);
  });

  test("beyond what a status holds are counted together", () => {
    const hosts = many.map((index) =>
      aHost(`host-${index}`, { aggregates: [{ name: "a", metadata: { [`hw_${index}`]: "x" } }] }),
    );
    const properties = Object.fromEntries(many.map((index) => [`hw_${index}`, "y"]));
    const { decision } = schedule({ ...request, image: { id: "i", properties } }, hosts);
    expect(Object.keys(decision.excluded ?? {})).toHaveLength(32);
    expect(decision.excluded?.["does not fit for other causes"]).toBe(9);
  });
});

describe("among hosts that fit", () => {
  test("the one with the most memory, CPUs and disk left wins", () => {
    const hosts = [aHost("a", { used: { MEMORY_MB: 2048 } }), aHost("b")];
    expect(schedule(request, hosts)).toMatchObject({ host: "b" });
    expect(schedule(request, hosts.toReversed())).toMatchObject({ host: "b" });
  });

  test("a multiplier below 0 packs instead of spreading", () => {
    const hosts = [aHost("a", { used: { MEMORY_MB: 2048 } }), aHost("b")];
    const packed = schedule(request, hosts, { multipliers: { ram: -1, cpu: 0, disk: 0 } });
    expect(packed).toMatchObject({ host: "a" });
  });

  test("the winner's weights are told, those that made a difference alone", () => {
    const hosts = [aHost("a", { used: { MEMORY_MB: 8192 } }), aHost("b")];
    const { decision } = schedule(request, hosts);
    expect(decision).toMatchObject({ host: "b", weights: { ram: 1, cpu: 1, disk: 1 } });
    expect(schedule(request, [aHost("a")]).decision).not.toHaveProperty("weights");
  });

  test("servers are spread over so many of the best as the administrator says", () => {
    const hosts = [0, 1000, 2000, 3000].map((used) =>
      aHost(`host-${used}`, { used: { MEMORY_MB: used } }),
    );
    const chosenOf = (hostSubsetSize: number) =>
      new Set(
        Array.from({ length: 60 }, (_, index) => {
          const each = { ...request, serverUid: `server-${index}` };
          return schedule(each, hosts, { hostSubsetSize }).decision.host;
        }),
      );
    expect(chosenOf(1)).toEqual(new Set(["host-0"]));
    expect(chosenOf(3)).toEqual(new Set(["host-0", "host-1000", "host-2000"]));
    expect(chosenOf(9).size).toBe(4);
  });

  test("equal ones are shared out between servers, and each server always gets the same", () => {
    const hosts = ["a", "b", "c"].map((name) => aHost(name));
    const chosen = Array.from({ length: 60 }, (_, index) => {
      const result = schedule({ ...request, serverUid: `server-${index}` }, hosts);
      const again = schedule({ ...request, serverUid: `server-${index}` }, hosts.toReversed());
      expect(again).toEqual(result);
      return result.ok ? result.host : "";
    });
    for (const name of ["a", "b", "c"]) {
      expect(chosen.filter((host) => host === name).length).toBeGreaterThan(8);
    }
  });
});

describe("the state of a host", () => {
  test("is taken from its Hypervisor, its Node and the claims on it", () => {
    const disabled = aHypervisor({ spec: { isDisabled: true } });
    const claims = [
      { host: "node-1", resources: { VCPU: 2 } },
      { host: "node-1", resources: { VCPU: 1, DISK_GB: 5 } },
      { host: "node-2", resources: { VCPU: 9 } },
    ];
    const nodes = new Map([["node-1", { state: "Offered" as const, labels: {} }]]);
    expect(hostStatesOf({ hypervisors: [disabled], nodes }, claims)).toMatchObject([
      aHost("node-1", { isDisabled: true, used: { VCPU: 3, DISK_GB: 5 } }),
    ]);
  });

  test("is down, gone and unreported for a Hypervisor without a status and a Node", () => {
    const { status: _, ...bare } = aHypervisor();
    const [host] = hostStatesOf({ hypervisors: [bare], nodes: new Map() }, []);
    expect(host).toMatchObject({ isUp: false, node: "Gone", inventory: undefined });
  });

  test("has the zone, the metadata and the traits of the aggregates that its Node is in", () => {
    const labels = { rack: "a", "topology.kubernetes.io/zone": "by-label" };
    const nodes = new Map([["node-1", { state: "Offered" as const, labels }]]);
    const nodeSelector = { matchLabels: { rack: "a" } };
    const aggregates = [
      anAggregate("second", { nodeSelector, availabilityZone: "west", traits: ["CUSTOM_B"] }),
      anAggregate("first", {
        nodeSelector,
        availabilityZone: "east",
        metadata: { instance_type: "m1.small" },
        traits: ["CUSTOM_A"],
      }),
      anAggregate("other", { nodeSelector: { matchLabels: { rack: "b" } }, traits: ["CUSTOM_C"] }),
    ];
    const hypervisors = [aHypervisor({ status: { traits: ["HW_A"] } })];
    const [host] = hostStatesOf({ hypervisors, nodes, aggregates }, []);
    expect(host && zoneOf(host)).toBe("east");
    expect(host?.traits).toEqual(new Set(["HW_A", "CUSTOM_A", "CUSTOM_B"]));
    expect(host?.aggregates?.map(({ name }) => name)).toEqual(["first", "second"]);
    const [alone] = hostStatesOf({ hypervisors, nodes }, []);
    expect(alone && zoneOf(alone)).toBe("by-label");
  });

  test("knows that its identity changed", () => {
    const base = { type: "IdentityKnown", status: "False", reason: "IdentityChanged" } as const;
    const conditions = [{ ...base, message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }];
    const [host] = hostStatesOf(
      { hypervisors: [aHypervisor({ status: { conditions } })], nodes: new Map() },
      [],
    );
    expect(host?.isIdentityKnown).toBe(false);
  });
});
