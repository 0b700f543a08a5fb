// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { aHypervisor, aServerGroup } from "../../testing/builders.ts";
import type { HeldClaim } from "./claims.ts";
import { groupRuleOf, groupStateOf } from "./group.ts";
import { hostStatesOf } from "./host-states.ts";

const zones = { "node-1": "east", "node-2": "east", "node-3": undefined };
const nodes = new Map(
  Object.entries(zones).map(([name, zone]) => {
    const labels = zone === undefined ? {} : { "topology.kubernetes.io/zone": zone };
    return [name, { state: "Offered" as const, labels }];
  }),
);
const hypervisors = Object.keys(zones).map((name) => aHypervisor({ metadata: { name } }));
const claim = (serverUid: string, host: string, group = "team/web"): HeldClaim => ({
  host,
  resources: {},
  holder: { serverUid, isBuilding: false, hasFailed: false, group },
});

describe("a group as one of its members sees it", () => {
  const claims = [
    claim("a", "node-1"),
    claim("b", "node-1"),
    // It moves, and holds both.
    claim("c", "node-1"),
    claim("c", "node-2"),
    claim("me", "node-3"),
    claim("d", "node-3", "others/web"),
    claim("e", "node-3"),
  ];

  const hosts = hostStatesOf({ hypervisors, nodes }, claims);

  test("counts the others by host", () => {
    expect(groupStateOf(aServerGroup(), "me", hosts)).toEqual({
      policy: "anti-affinity",
      topology: "Host",
      serversMax: 1,
      members: new Map([
        ["node-1", 3],
        ["node-2", 1],
        ["node-3", 1],
      ]),
    });
  });

  test("counts them by zone where the group does, each once", () => {
    const group = aServerGroup({ topology: "Zone", maxServersPerHost: 4 });
    expect(groupStateOf(group, "me", hosts)).toMatchObject({
      serversMax: 4,
      members: new Map([["east", 3]]),
    });
  });
});

describe("what a Guest carries of its group", () => {
  const place = { host: "node-1", zone: "east" };

  test("is the rule that hosts check again, and the place that it is about", () => {
    const rule = { policy: "anti-affinity", topology: "Host", place: "node-1", serversMax: 3 };
    const group = aServerGroup({ maxServersPerHost: 3 });
    expect(groupRuleOf("web", group, place)).toEqual({ name: "web", rule });
    const byZone = { ...rule, topology: "Zone", place: "east", serversMax: 1 };
    expect(groupRuleOf("web", aServerGroup({ topology: "Zone" }), place)?.rule).toEqual(byZone);
    const together = { policy: "affinity", topology: "Host", place: "node-1" };
    expect(groupRuleOf("web", aServerGroup({ policy: "affinity" }), place)?.rule).toEqual(together);
  });

  test("is no rule where nothing has to hold", () => {
    expect(groupRuleOf(undefined, undefined, place)).toBeUndefined();
    expect(groupRuleOf("web", undefined, place)).toEqual({ name: "web" });
    const soft = aServerGroup({ policy: "soft-anti-affinity" });
    expect(groupRuleOf("web", soft, place)).toEqual({ name: "web" });
    const placeless = aServerGroup({ topology: "Zone" });
    expect(groupRuleOf("web", placeless, { ...place, zone: undefined })).toEqual({ name: "web" });
  });
});
