// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import { aHypervisor } from "../../testing/builders.ts";
import { addUp, capacityOf } from "../placement/inventory.ts";
import type { HeldClaim } from "./claims.ts";
import { hostStatesOf } from "./host-states.ts";
import { schedule } from "./schedule.ts";

const names = ["node-1", "node-2", "node-3"];
const nodes = new Map(names.map((name) => [name, { state: "Offered", labels: {} }] as const));
const hypervisors = names.map((name) => aHypervisor({ metadata: { name } }));

const resources: fc.Arbitrary<Resources> = fc.record({
  VCPU: fc.integer({ min: 1, max: 10 }),
  MEMORY_MB: fc.integer({ min: 1, max: 17_000 }),
  DISK_GB: fc.integer({ min: 0, max: 110 }),
});
const requests = fc.array(
  fc.record({
    serverUid: fc.uuid(),
    resources,
    refusedHosts: fc.subarray(names),
  }),
  { maxLength: 40 },
);

describe("servers that are scheduled one after the other", () => {
  test("never get more of a host than it may promise, nor a host that refused", () => {
    fc.assert(
      fc.property(requests, (sequence) => {
        const claims: HeldClaim[] = [];
        for (const request of sequence) {
          const result = schedule(request, hostStatesOf({ hypervisors, nodes }, claims));
          if (!result.ok) continue;
          expect(request.refusedHosts).not.toContain(result.host);
          claims.push({ host: result.host, resources: request.resources });
        }
        for (const { metadata, status } of hypervisors) {
          const held = claims.filter(({ host }) => host === metadata.name);
          const used = addUp(held.map((claim) => claim.resources));
          for (const [resourceClass, amount] of Object.entries(used)) {
            const inventory = status?.inventory?.[resourceClass];
            expect(amount).toBeLessThanOrEqual(inventory ? capacityOf(inventory) : 0);
          }
        }
      }),
    );
  });

  test("are told NeverFits only when an empty cluster would not take them either", () => {
    const empty = hostStatesOf({ hypervisors, nodes }, []);
    fc.assert(
      fc.property(requests, resources, (sequence, used) => {
        const claims = names.map((host) => ({ host, resources: used }));
        for (const request of sequence) {
          const result = schedule(request, hostStatesOf({ hypervisors, nodes }, claims));
          if (result.ok || result.reason !== "NeverFits") continue;
          expect(schedule({ ...request, refusedHosts: [] }, empty).ok).toBe(false);
        }
      }),
    );
  });

  test("get the same host in whatever order hosts are listed", () => {
    fc.assert(
      fc.property(requests, resources, (sequence, used) => {
        const [first, ...rest] = hostStatesOf({ hypervisors, nodes }, [
          { host: "node-2", resources: used },
        ]);
        if (first === undefined) throw new Error("there are hosts");
        for (const request of sequence) {
          const { decision } = schedule(request, [first, ...rest]);
          expect(schedule(request, [...rest, first]).decision).toEqual(decision);
        }
      }),
    );
  });

  test("still fit when a host gets more capacity", () => {
    fc.assert(
      fc.property(requests, resources, fc.nat(50), (sequence, used, more) => {
        const claims = names.map((host) => ({ host, resources: used }));
        const hosts = hostStatesOf({ hypervisors, nodes }, claims);
        const larger = hosts.map(({ inventory = {}, ...host }, index) => ({
          ...host,
          inventory: Object.fromEntries(
            Object.entries(inventory).map(([name, one]) => [
              name,
              index > 0 ? one : { ...one, total: one.total + more, maxUnit: one.maxUnit + more },
            ]),
          ),
        }));
        for (const request of sequence) {
          if (schedule(request, hosts).ok) expect(schedule(request, larger).ok).toBe(true);
        }
      }),
    );
  });
});
