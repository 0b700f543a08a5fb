// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { aHypervisor, aServerGroup } from "../../testing/builders.ts";
import type { HeldClaim } from "./claims.ts";
import { groupRuleOf, groupStateOf } from "./group.ts";
import { hostStatesOf } from "./host-state.ts";

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

test("a Guest carries the rule that its host can check by itself", () => {
  expect(groupRuleOf(undefined, undefined)).toBeUndefined();
  expect(groupRuleOf("web", undefined)).toEqual({ name: "web" });
  expect(groupRuleOf("web", aServerGroup({ maxServersPerHost: 3 }))).toEqual({
    name: "web",
    serversMax: 3,
  });
  expect(groupRuleOf("web", aServerGroup({ topology: "Zone" }))).toEqual({ name: "web" });
  expect(groupRuleOf("web", aServerGroup({ policy: "affinity" }))).toEqual({ name: "web" });
});
