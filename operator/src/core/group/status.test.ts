// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { serverGroupStatusSchema } from "../../api/v1alpha1/server-group.ts";
import { aServerGroup } from "../../testing/builders.ts";
import { groupStatusOf } from "./status.ts";

const now = "2026-01-01T00:00:00Z";
const on = (name: string, host?: string, zone?: string) => ({ name, host, zone });

function statusOf(spec: Parameters<typeof aServerGroup>[0], ...members: ReturnType<typeof on>[]) {
  const status = groupStatusOf(aServerGroup(spec), members, now);
  expect(serverGroupStatusSchema.parse(status)).toEqual(status);
  return status;
}

describe("the status of a server group", () => {
  test("names its members and where they are", () => {
    const status = statusOf({}, on("b", "node-1"), on("a", "node-2"), on("c"));
    expect(status).toMatchObject({
      memberCount: 3,
      members: ["a", "b", "c"],
      spread: { "node-1": 1, "node-2": 1 },
      violations: [],
      conditions: [{ type: "Satisfied", status: "True" }],
    });
  });

  test("tells of more on one host than may be", () => {
    const members = [on("a", "node-1"), on("b", "node-1"), on("c", "node-2")];
    expect(statusOf({}, ...members)).toMatchObject({
      violations: [
        {
          place: "node-1",
          message: "2 share host node-1, 1 may: delete and make anew those that shall be elsewhere",
          servers: ["a", "b"],
        },
      ],
      conditions: [{ status: "False", reason: "PolicyViolated" }],
    });
    expect(statusOf({ maxServersPerHost: 2 }, ...members).violations).toEqual([]);
    expect(statusOf({ policy: "soft-anti-affinity" }, ...members).violations).toEqual([]);
  });

  test("tells of affine members that are apart", () => {
    const members = [on("a", "node-1"), on("b", "node-2"), on("c", "node-2"), on("d")];
    expect(statusOf({ policy: "affinity" }, ...members).violations).toMatchObject([
      {
        message: expect.stringContaining("1 of 3 stand elsewhere than on host node-2"),
        servers: ["a"],
      },
    ]);
    expect(statusOf({ policy: "affinity" }, on("a", "node-1"), on("b")).violations).toEqual([]);
  });

  test("counts zones where the group does, and names those in none", () => {
    const members = [on("a", "node-1", "east"), on("b", "node-2", "east"), on("c", "node-3")];
    const status = statusOf({ topology: "Zone" }, ...members);
    expect(status.spread).toEqual({ east: 2 });
    expect(status.violations?.map(({ place, servers }) => [place, servers])).toEqual([
      ["east", ["a", "b"]],
      [undefined, ["c"]],
    ]);
  });

  test("is within its bounds however many members there are", () => {
    const members = Array.from({ length: 300 }, (_, index) => on(`s-${index}`, `n-${index % 80}`));
    const status = statusOf({}, ...members);
    expect(status.memberCount).toBe(300);
    expect(status.members).toHaveLength(64);
    expect(Object.keys(status.spread ?? {})).toHaveLength(64);
    expect(status.violations).toHaveLength(16);
  });
});
