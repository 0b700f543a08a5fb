// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Guest, Hypervisor, Server } from "../../api/kinds.ts";
import { finalizer } from "../../api/names.ts";
import { NotFound, Refused } from "../../ports/errors.ts";
import { type KubeStore, type Lease, resources } from "../../ports/kube.ts";
import { aGuest, aServer } from "../builders.ts";
import { completeObjects, renamed } from "../complete-objects.ts";
import { errorOf, writer } from "../kube-store-world.ts";
import {
  heartbeatNamespace,
  type Identity,
  tenantNamespace as namespace,
  who,
} from "./identities.ts";

/** An API server with the chart in it, under test. */
export interface IdentifiedHost {
  /** The port as somebody's process has it. */
  as(identity: Identity): KubeStore;
  close(): Promise<void>;
}

const { servers, guests, hypervisors, leases, podDisruptionBudgets } = resources;

/** What a client of the port sees of its rights, demanded alike of a real API server and of the fake. */
export function describeClientRights(
  kind: "real" | "fake",
  makeHost: () => Promise<IdentifiedHost>,
): void {
  describe(`the clients of a ${kind} API server`, () => {
    let host: IdentifiedHost;
    let operator: KubeStore;
    let agent: KubeStore;
    let tenant: KubeStore;
    beforeAll(async () => {
      host = await makeHost();
      operator = host.as(who.operator);
      agent = host.as(who.agentOf("node-1"));
      tenant = host.as(who.tenant);
    });
    afterAll(() => host?.close());

    const guest = (name: string): Guest => ({
      ...aGuest({ spec: { host: "node-1" } }),
      metadata: { namespace, name, finalizers: [finalizer] },
    });
    const makeGuest = (name: string): Promise<Guest> =>
      operator.create(guests, guest(name), writer);

    test("read what they may, and are told what they may not", async () => {
      await agent.list(guests, { consistency: "quorum" });
      const list = agent.list(servers, { consistency: "quorum" });
      expect(await refusalOf(list)).toMatch(
        /cannot list resource "servers" in API group "kilonova.io" at the cluster/,
      );
      const ref = { namespace, name: "web" };
      expect(await refusalOf(agent.get(servers, ref))).toMatch(
        /"web" is forbidden: .* in the namespace "team"/,
      );
      const options = { resourceVersion: "1", timeoutSeconds: 5 };
      const events = agent.watch(servers, options, AbortSignal.timeout(5000));
      const first = events[Symbol.asyncIterator]().next();
      expect(await refusalOf(first)).toMatch(/cannot watch resource "servers"/);
    });

    test("are told that they may not before they are told that there is nothing", async () => {
      const ref = { namespace, name: "missing" };
      expect(await refusalOf(agent.delete(guests, ref))).toMatch(/cannot delete resource "guests"/);
      expect(await errorOf(operator.delete(guests, ref))).toBeInstanceOf(NotFound);
    });

    test("write nothing that a policy refuses", async () => {
      const made = await makeGuest("refused");
      const status = { domain: "Off" } as const;
      const strange = host.as(who.agentOf("node-2"));
      const lie = strange.updateStatus(guests, { ...made, status }, writer);
      expect(await refusalOf(lie)).toMatch(/kilonova-statuses.*agent of its node alone/);
      expect(await operator.get(guests, made.metadata)).toEqual(made);
      const told = await agent.updateStatus(guests, { ...made, status }, writer);
      expect(told.status).toEqual(status);
    });

    test("need the right of each verb: a patch is no update, and applying makes nothing new", async () => {
      const server: Server = { ...aServer(), metadata: { namespace, name: "web" } };
      const made = await tenant.create(servers, server, writer);
      const finalizers = { metadata: { finalizers: [finalizer] } };
      const held = await operator.patch(servers, made.metadata, finalizers, writer);
      const update = operator.update(servers, { ...held, spec: made.spec }, writer);
      expect(await refusalOf(update)).toMatch(/cannot update resource "servers"/);
      expect(
        await refusalOf(
          tenant.patch(servers, made.metadata, { metadata: { finalizers: null } }, writer),
        ),
      ).toMatch(/kilonova-servers.*may create servers\/abandon/);
      const { apiVersion, kind: hypervisorKind } = completeObjects.hypervisor;
      const config = { apiVersion, kind: hypervisorKind, metadata: { name: "node-9" }, spec: {} };
      expect(await refusalOf(agent.apply(hypervisors, config, writer))).toMatch(
        /cannot patch resource "hypervisors"/,
      );
      const budget = {
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: { namespace, name: "applied" },
        spec: { minAvailable: 1 },
      };
      await operator.apply(podDisruptionBudgets, budget, writer);
    });

    test("apply the status of their own Hypervisor only", async () => {
      for (const name of ["node-1", "node-2"]) {
        const hypervisor = renamed(completeObjects.hypervisor, name) as unknown as Hypervisor;
        await operator.create(hypervisors, hypervisor, writer);
      }
      const { apiVersion, kind: hypervisorKind } = completeObjects.hypervisor;
      const report = (name: string) =>
        agent.apply(
          hypervisors,
          { apiVersion, kind: hypervisorKind, metadata: { name }, status: { state: "up" } },
          { ...writer, subresource: "status" },
        );
      expect(await report("node-1")).toMatchObject({ status: { state: "up" } });
      expect(await refusalOf(report("node-2"))).toMatch(
        /kilonova-statuses.*agent of that node alone/,
      );
      expect(await operator.get(hypervisors, { name: "node-2" })).not.toHaveProperty("status");
    });

    test("let a deleted Guest go from its own node only", async () => {
      const { metadata } = await makeGuest("leaving");
      const letGo = { metadata: { finalizers: null } };
      expect(await refusalOf(agent.patch(guests, metadata, letGo, writer))).toMatch(
        /kilonova-guests/,
      );
      expect(await refusalOf(tenant.delete(guests, metadata))).toMatch(
        /kilonova-guests.*Delete the Server instead/,
      );
      await operator.delete(guests, metadata);
      const strange = host.as(who.agentOf("node-2"));
      expect(await refusalOf(strange.patch(guests, metadata, letGo, writer))).toMatch(
        /kilonova-guests/,
      );
      await agent.patch(guests, metadata, letGo, writer);
      expect(await errorOf(operator.get(guests, metadata))).toBeInstanceOf(NotFound);
    });

    test("renew the heartbeat of their own node only", async () => {
      const lease = (name: string): Lease => ({
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { namespace: heartbeatNamespace, name },
        spec: { holderIdentity: name },
      });
      const made = await agent.create(leases, lease("node-1"), writer);
      await agent.update(leases, { ...made, spec: { holderIdentity: "again" } }, writer);
      const words = /kilonova-heartbeats.*agent of the node of that name alone/;
      expect(await refusalOf(agent.create(leases, lease("node-2"), writer))).toMatch(words);
      expect(await refusalOf(operator.delete(leases, made.metadata))).toMatch(
        /cannot delete resource "leases"/,
      );
    });
  });
}

/** What was said to a call that rights or policies refused. Throws when something else happened. */
async function refusalOf(act: Promise<unknown>): Promise<string> {
  const error = await errorOf(act);
  if (error instanceof Refused && error.reason === "Forbidden") return error.message;
  throw error;
}
