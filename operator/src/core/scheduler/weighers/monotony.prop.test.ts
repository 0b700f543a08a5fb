// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aHostState } from "../../../testing/scheduler-worlds.ts";
import { unitsOf } from "../../../testing/placement-worlds.ts";
import type { HostState } from "../host-state.ts";
import type { ScheduleRequest } from "../request.ts";
import { HostWeights } from "../host-weights.ts";
import { weighers } from "./index.ts";

const inventoryOf = (name: string, total: number) => ({ inventory: { [name]: unitsOf(total) } });
const devicesOf = (count: number) => ({ devices: [{ count, properties: {} }] });
const group = { topology: "Host", serversMax: 1 } as const;
const manyOf = (prefix: string, count: number) =>
  new Set(Array.from({ length: count }, (_, index) => `${prefix}${index}`));
const membersOf = (count: number) => ({ name: `member-${count}` });
const members = new Map(Array.from({ length: 20 }, (_, count) => [`member-${count}`, count]));
const images = (count: number) => Array.from({ length: count }, () => ({ os_distro: "debian" }));

interface Quantity {
  /** A host that has so much of what the weigher looks at. */
  readonly hostWith: (amount: number) => Partial<HostState>;
  readonly request?: Partial<ScheduleRequest>;
  readonly isBetter: "more" | "less";
}

/** What each weigher looks at, and which way it is better under the weigher's own multiplier. */
const quantities: Readonly<Record<string, Quantity>> = {
  ram: { hostWith: (mib) => inventoryOf("MEMORY_MB", mib), isBetter: "more" },
  cpu: { hostWith: (cpus) => inventoryOf("VCPU", cpus), isBetter: "more" },
  disk: { hostWith: (gib) => inventoryOf("DISK_GB", gib), isBetter: "more" },
  devices: { hostWith: devicesOf, isBetter: "less" },
  "io-operations": { hostWith: (count) => ({ ioOperationCount: count }), isBetter: "less" },
  "hypervisor-version": { hostWith: (one) => ({ hypervisorVersion: one }), isBetter: "more" },
  "build-failures": { hostWith: (count) => ({ failedBuildCount: count }), isBetter: "less" },
  "boring-host": { hostWith: (count) => ({ traits: manyOf("CUSTOM_", count) }), isBetter: "less" },
  pressure: {
    hostWith: (count) => ({
      traits: new Set(["PRESSURE_CPU", "PRESSURE_DISK", "PRESSURE_MEMORY"].slice(0, count)),
    }),
    isBetter: "less",
  },
  traits: {
    hostWith: (count) => ({ traits: manyOf("CUSTOM_", count) }),
    request: { traits: { preferred: [...manyOf("CUSTOM_", 20)], avoided: [] } },
    isBetter: "more",
  },
  "soft-affinity": {
    hostWith: membersOf,
    request: { group: { ...group, policy: "soft-affinity", members } },
    isBetter: "more",
  },
  "soft-anti-affinity": {
    hostWith: membersOf,
    request: { group: { ...group, policy: "soft-anti-affinity", members } },
    isBetter: "less",
  },
  "server-count": { hostWith: (count) => ({ serverCount: count }), isBetter: "more" },
  "image-properties": {
    hostWith: (count) => ({ imageProperties: images(count) }),
    request: { image: { id: "debian", properties: { os_distro: "debian" } } },
    isBetter: "more",
  },
  metrics: { hostWith: (idle) => ({ metrics: { idle } }), isBetter: "more" },
};

const amount = fc.nat(19);

describe("a weigher", () => {
  test("is known to this test, each of them", () => {
    expect(Object.keys(quantities).toSorted()).toEqual(weighers.map(({ name }) => name).toSorted());
  });

  test.each(Object.entries(quantities))(
    "%s never lowers a host beside the others when it gets better",
    (name, { hostWith, request = {}, isBetter }) => {
      const settings = {
        // Those that count for nothing by default are given a multiplier.
        multipliers: { "server-count": 1, "image-properties": 1 },
        metrics: { ratios: { idle: 1 }, isRequired: false },
      };
      const chosen = weighers.filter((weigher) => weigher.name === name);
      const scoresOf = (amounts: readonly number[]): number[] => {
        const hosts = amounts.map((one) => aHostState(hostWith(one)));
        const asked = { serverUid: "server", resources: {}, refusedHosts: [], ...request };
        return [...new HostWeights(hosts, { request: asked, settings, weighers: chosen }).scores];
      };
      const rankOf = (amounts: readonly number[]): number => {
        const [own = 0, ...others] = scoresOf(amounts);
        return others.filter((score) => score > own).length;
      };
      fc.assert(
        fc.property(
          amount,
          amount,
          fc.array(amount, { minLength: 1, maxLength: 6 }),
          (a, b, rest) => {
            const [worse, better] = [a, b].toSorted((one, other) =>
              isBetter === "more" ? one - other : other - one,
            );
            expect(rankOf([better ?? 0, ...rest])).toBeLessThanOrEqual(
              rankOf([worse ?? 0, ...rest]),
            );
            const [first = 0, second = 0] = scoresOf([better ?? 0, worse ?? 0]);
            expect(first).toBeGreaterThanOrEqual(second);
          },
        ),
      );
      // And it does tell hosts apart.
      const [low = 0, high = 0] = scoresOf([1, 2]);
      expect(Math.sign(high - low)).toBe(isBetter === "more" ? 1 : -1);
    },
  );
});
