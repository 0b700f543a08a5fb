// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { apiVersion } from "../api/define-kind.ts";
import type { Hypervisor } from "../api/kinds.ts";
import { NotFound } from "../ports/errors.ts";
import { type ApplyObject, resources } from "../ports/kube.ts";
import {
  condition,
  errorOf,
  hypervisor,
  type KubeStoreWorld,
  otherWriter,
  writer,
} from "./kube-store-world.ts";

const { hypervisors } = resources;
const agent = { fieldManager: "agent" };
const operator = { fieldManager: "operator" };

function config(name: string, members: Readonly<Record<string, unknown>>): ApplyObject {
  return { apiVersion, kind: "Hypervisor", metadata: { name }, ...members };
}

const inventoryOf = (total: number) => ({
  total,
  reserved: 0,
  allocationRatio: 1,
  minUnit: 1,
  maxUnit: total,
  stepSize: 1,
});

export function describeApply(world: KubeStoreWorld): void {
  describe("applying", () => {
    const applyStatus = (
      name: string,
      status: object,
      who: { readonly fieldManager: string },
    ): Promise<Hypervisor> =>
      world.store.apply(hypervisors, config(name, { status }), { ...who, subresource: "status" });

    test("creates what is missing, with defaults", async () => {
      const name = world.name();
      const made = await world.store.apply(hypervisors, config(name, { spec: {} }), operator);
      expect(made.metadata.generation).toBe(1);
      expect(made.spec).toEqual({ isDisabled: false, virtType: "auto" });
      expect(made).not.toHaveProperty("status");
    });

    test("the same again changes nothing", async () => {
      const name = world.name();
      const labels = { colour: "red" };
      const object = {
        ...config(name, { spec: { isDisabled: true } }),
        metadata: { name, labels },
      };
      const made = await world.store.apply(hypervisors, object, operator);
      expect(await world.store.apply(hypervisors, object, operator)).toEqual(made);
    });

    test("of a status needs an object", async () => {
      const act = applyStatus(world.name("missing"), { state: "up" }, agent);
      expect(await errorOf(act)).toBeInstanceOf(NotFound);
    });

    test("lets managers own parts of one status", async () => {
      const { name } = (await world.store.create(hypervisors, hypervisor(world.name()), writer))
        .metadata;
      await applyStatus(name, { memoryMib: 4096, conditions: [condition("Up", "True")] }, agent);
      const both = await applyStatus(
        name,
        { state: "up", conditions: [condition("VirtTypeProven", "True")] },
        operator,
      );
      expect(both.status).toMatchObject({ memoryMib: 4096, state: "up" });
      expect(both.status?.conditions?.map(({ type }) => type)).toEqual(["Up", "VirtTypeProven"]);
    });

    test("takes away what its manager does not say any more, and nothing else", async () => {
      const { name } = (await world.store.create(hypervisors, hypervisor(world.name()), writer))
        .metadata;
      const first = { memoryMib: 4096, diskGib: 10, conditions: [condition("Up", "True")] };
      await applyStatus(name, first, agent);
      await applyStatus(name, { state: "up", diskGib: 10 }, operator);
      const { status } = await applyStatus(name, { memoryMib: 4096 }, agent);
      expect(status).toEqual({ memoryMib: 4096, state: "up", diskGib: 10 });
    });

    test("takes over what another owns", async () => {
      const { name } = (await world.store.create(hypervisors, hypervisor(world.name()), writer))
        .metadata;
      await applyStatus(name, { memoryMib: 4096, diskGib: 10 }, agent);
      await applyStatus(name, { memoryMib: 8192 }, operator);
      const { status } = await applyStatus(name, { diskGib: 10 }, agent);
      expect(status).toEqual({ memoryMib: 8192, diskGib: 10 });
    });

    test("merges items of a list by their key, and of a set by their value", async () => {
      const { name } = (await world.store.create(hypervisors, hypervisor(world.name()), writer))
        .metadata;
      const before = { traits: ["A", "B"], conditions: [condition("Up", "True")] };
      await applyStatus(name, before, agent);
      await applyStatus(name, { traits: ["C"] }, operator);
      const after = { traits: ["B"], conditions: [condition("Up", "False")] };
      const { status } = await applyStatus(name, after, agent);
      expect(status?.traits?.toSorted()).toEqual(["B", "C"]);
      expect(status?.conditions).toEqual([condition("Up", "False")]);
    });

    test("leaves no empty object or list behind", async () => {
      const name = world.name();
      const labels = { colour: "red" };
      const spec = { isDisabled: true, reserved: { VCPU: 1 } };
      const object = { ...config(name, { spec }), metadata: { name, labels } };
      await world.store.apply(hypervisors, object, operator);
      const conditions = [condition("Up", "True")];
      const inventory = { VCPU: { ...inventoryOf(8) } };
      await applyStatus(name, { state: "up", conditions, traits: ["A"], inventory }, agent);
      const told = await applyStatus(name, { state: "up" }, agent);
      expect(told.status).toEqual({ state: "up" });
      const bare = config(name, { spec: { isDisabled: true } });
      const after = await world.store.apply<Hypervisor>(hypervisors, bare, operator);
      expect(after.metadata).not.toHaveProperty("labels");
      expect(after.spec).toEqual({ isDisabled: true, virtType: "auto" });
    });

    test("empties a map that is merged as a whole, and drops a list, when neither has anything", async () => {
      const { name } = (await world.store.create(hypervisors, hypervisor(world.name()), writer))
        .metadata;
      const inventory = { VCPU: inventoryOf(8) };
      await applyStatus(name, { state: "up", traits: ["A"], inventory }, agent);
      const { status } = await applyStatus(name, { state: "up", traits: [], inventory: {} }, agent);
      expect(status).toEqual({ state: "up", inventory: {} });
    });

    test("refuses to empty a map that is merged by its members, which would be null", async () => {
      const name = world.name();
      const spec = (reserved: object) => config(name, { spec: { reserved } });
      await world.store.apply(hypervisors, spec({ VCPU: 1 }), operator);
      const act = world.store.apply(hypervisors, spec({}), operator);
      expect(await errorOf(act)).toMatchObject({ reason: "Invalid" });
      expect(
        await world.store.apply(hypervisors, config(name, { spec: {} }), operator),
      ).toMatchObject({ spec: { isDisabled: false } });
    });

    test("replaces a list that has no type as a whole", async () => {
      const { name } = (await world.store.create(hypervisors, hypervisor(world.name()), writer))
        .metadata;
      const cell = (id: number) => ({ id, cpus: "0-3", memoryMib: 1024 });
      await applyStatus(name, { numaCells: [cell(0), cell(1)] }, agent);
      const { status } = await applyStatus(name, { numaCells: [cell(2)] }, operator);
      expect(status?.numaCells).toEqual([cell(2)]);
    });

    test("leaves the status alone when it writes the rest, and the other way round", async () => {
      const name = world.name();
      const whole = { spec: { isDisabled: true }, status: { state: "up" } };
      const made = await world.store.apply<Hypervisor>(hypervisors, config(name, whole), operator);
      expect(made).not.toHaveProperty("status");
      const told = await applyStatus(name, { state: "up" }, operator);
      expect(told).toMatchObject({ spec: { isDisabled: true }, status: { state: "up" } });
    });
  });
}

export function describeApplyBesideUpdates(world: KubeStoreWorld): void {
  describe("applying beside updates", () => {
    test("keeps what an update took over", async () => {
      const name = world.name();
      const labels = { colour: "red" };
      const object = { ...config(name, { spec: {} }), metadata: { name, labels } };
      const made = await world.store.apply<Hypervisor>(hypervisors, object, operator);
      const metadata = { ...made.metadata, labels: { colour: "blue" } };
      await world.store.update(hypervisors, { ...made, metadata }, otherWriter);
      const after = await world.store.apply(hypervisors, config(name, { spec: {} }), operator);
      expect(after.metadata.labels).toEqual({ colour: "blue" });
    });

    test("takes away what an update left as it was", async () => {
      const name = world.name();
      const labels = { colour: "red" };
      const object = { ...config(name, { spec: {} }), metadata: { name, labels } };
      const made = await world.store.apply<Hypervisor>(hypervisors, object, operator);
      const metadata = { ...made.metadata, labels: { colour: "red", size: "small" } };
      await world.store.update(hypervisors, { ...made, metadata }, otherWriter);
      const after = await world.store.apply(hypervisors, config(name, { spec: {} }), operator);
      expect(after.metadata.labels).toEqual({ size: "small" });
    });
  });
}
