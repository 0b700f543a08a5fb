// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { flavorStatusSchema } from "../../api/v1alpha1/flavor.ts";
import { aFlavor, aHypervisor } from "../../testing/builders.ts";
import { hostStatesOf } from "../scheduler/host-states.ts";
import { flavorStatusOf } from "./status.ts";

const names = ["node-1", "node-2", "node-3"];
const offered = { state: "Offered" as const, labels: {} };
const nodes = new Map(names.map((name) => [name, offered]));
const hypervisors = names.map((name) =>
  aHypervisor({
    metadata: { name },
    ...(name === "node-3" && { status: { state: "down" as const } }),
  }),
);
const full = { host: "node-2", resources: { MEMORY_MB: 16_000 } };

function statusOf(spec: Parameters<typeof aFlavor>[0], ...claims: (typeof full)[]) {
  const hosts = hostStatesOf({ hypervisors, nodes }, claims);
  const world = { hosts, settings: {}, overheadMib: 160 };
  const status = flavorStatusOf(aFlavor(spec), world, "2026-01-01T00:00:00Z");
  expect(flavorStatusSchema.parse(status)).toEqual(status);
  return status;
}

describe("the status of a flavor", () => {
  test("counts the hosts that could take a server of it, and what excludes the others", () => {
    expect(statusOf({})).toMatchObject({ candidates: 2, excluded: { "is down": 1 } });
    expect(statusOf({}, full)).toMatchObject({
      candidates: 1,
      excluded: { "is down": 1, "lacks 1184 MiB MEMORY_MB": 1 },
      conditions: [{ type: "Ready", status: "True" }],
    });
  });

  test("asks for the flavor's traits and resources", () => {
    const extraSpecs = { "trait:HW_A": "required" };
    expect(statusOf({ spec: { extraSpecs } })).toMatchObject({
      candidates: 0,
      excluded: { "is down": 1, "lacks trait HW_A": 2 },
    });
  });

  test("says why no server can be made of it at all", () => {
    expect(statusOf({ spec: { isDisabled: true } })).toMatchObject({
      candidates: 0,
      conditions: [{ status: "False", reason: "FlavorDisabled" }],
    });
    expect(statusOf({ spec: { extraSpecs: { "hw:cpu_policy": "dedicated" } } })).toMatchObject({
      candidates: 0,
      conditions: [{ status: "False", reason: "FlavorInvalid" }],
    });
  });
});
