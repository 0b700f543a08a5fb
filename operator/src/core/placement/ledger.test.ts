// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { unitsOf } from "../../testing/placement-worlds.ts";
import { AllocationLedger, type Claim } from "./ledger.ts";

function ledgerOf(total: number): AllocationLedger {
  const ledger = new AllocationLedger();
  ledger.addProvider("host", { VCPU: unitsOf(total) });
  return ledger;
}

const claimOf = (consumer: string, amount: number, generation?: number): Claim => ({
  consumer,
  ...(generation !== undefined && { consumerGeneration: generation }),
  allocations: new Map(amount === 0 ? [] : [["host", { VCPU: amount }]]),
});
const refusal = (...reasons: string[]) => ({ ok: false, reasons });

describe("a claim", () => {
  test("is written when there is room, and raises both generations", () => {
    const ledger = ledgerOf(4);
    expect(ledger.claim([claimOf("a", 3)])).toEqual({ ok: true });
    expect(ledger.usedOf("host")).toEqual({ VCPU: 3 });
    expect(ledger.generationOf("host")).toBe(1);
    expect(ledger.consumers()).toEqual(new Map([["a", 1]]));
  });

  test("replaces all that its consumer held", () => {
    const ledger = ledgerOf(4);
    ledger.claim([claimOf("a", 3)]);
    expect(ledger.claim([claimOf("a", 4, 1)])).toEqual({ ok: true });
    expect(ledger.usedOf("host")).toEqual({ VCPU: 4 });
  });

  test("of nothing gives everything back and forgets the consumer", () => {
    const ledger = ledgerOf(4);
    ledger.claim([claimOf("a", 3)]);
    expect(ledger.claim([claimOf("a", 0, 1)])).toEqual({ ok: true });
    expect(ledger.usedOf("host")).toEqual({ VCPU: 0 });
    expect(ledger.consumers().size).toBe(0);
  });

  test("by a writer who knows an older generation is refused", () => {
    const ledger = ledgerOf(4);
    ledger.claim([claimOf("a", 1)]);
    expect(ledger.claim([claimOf("a", 2)])).toEqual(refusal("consumer_generation"));
    expect(ledger.claim([claimOf("a", 2, 7)])).toEqual(refusal("consumer_generation"));
  });

  test("from a provider or of a class that is not there is refused", () => {
    const ledger = ledgerOf(4);
    const nowhere = { consumer: "a", allocations: new Map([["other", { VCPU: 1 }]]) };
    expect(ledger.claim([nowhere])).toEqual(refusal("unknown_provider"));
    const oddity = { consumer: "a", allocations: new Map([["host", { VGPU: 1 }]]) };
    expect(ledger.claim([oddity])).toEqual(refusal("no_inventory"));
  });

  test("names every reason against it", () => {
    const reasons = refusal("constraints_violated", "capacity_exceeded");
    expect(ledgerOf(4).claim([claimOf("a", 5)])).toEqual(reasons);
  });

  test("together with others is written as a whole or not at all", () => {
    const ledger = ledgerOf(4);
    const both = [claimOf("a", 3), claimOf("b", 2)];
    expect(ledger.claim(both)).toEqual(refusal("capacity_exceeded"));
    expect(ledger.usedOf("host")).toEqual({});
    expect(ledger.generationOf("host")).toBe(0);
  });

  test("may move between consumers though there is no room beside it", () => {
    const ledger = ledgerOf(4);
    ledger.claim([claimOf("server", 4)]);
    const move = [claimOf("server", 0, 1), claimOf("migration", 4)];
    expect(ledger.claim(move)).toEqual({ ok: true });
    expect(ledger.allocationsOf("migration")).toEqual(new Map([["host", { VCPU: 4 }]]));
  });
});

describe("inventory that shrank below its use", () => {
  test("lets claims be kept or given back, but not grown", () => {
    const ledger = ledgerOf(4);
    ledger.claim([claimOf("a", 2), claimOf("b", 2)]);
    ledger.setInventories("host", { inventories: { VCPU: unitsOf(2) }, generation: 1 });
    expect(ledger.claim([claimOf("a", 2, 1)])).toEqual({ ok: true });
    expect(ledger.claim([claimOf("a", 1, 2)])).toEqual({ ok: true });
    expect(ledger.claim([claimOf("a", 2, 3)])).toEqual(refusal("capacity_exceeded"));
  });
});

describe("inventories", () => {
  test("are replaced by who knows the generation of the provider", () => {
    const ledger = ledgerOf(4);
    expect(
      ledger.setInventories("host", { inventories: { VCPU: unitsOf(8) }, generation: 5 }),
    ).toEqual(refusal("provider_generation"));
    expect(
      ledger.setInventories("host", { inventories: { VCPU: unitsOf(8) }, generation: 0 }),
    ).toEqual({ ok: true });
    expect(ledger.claim([claimOf("a", 8)])).toEqual({ ok: true });
    expect(ledger.setInventories("other", { inventories: {}, generation: 0 })).toEqual(
      refusal("unknown_provider"),
    );
  });

  test("do not vanish while they are used", () => {
    const ledger = ledgerOf(4);
    ledger.claim([claimOf("a", 1)]);
    expect(ledger.setInventories("host", { inventories: {}, generation: 1 })).toEqual(
      refusal("inventory_in_use"),
    );
    ledger.claim([claimOf("a", 0, 1)]);
    expect(ledger.setInventories("host", { inventories: {}, generation: 1 })).toEqual({ ok: true });
  });

  test("do not reserve more than there is", () => {
    const reserved = { VCPU: unitsOf(4, { reserved: 5 }) };
    expect(ledgerOf(4).setInventories("host", { inventories: reserved, generation: 0 })).toEqual(
      refusal("invalid_inventory"),
    );
  });
});

describe("a reshape", () => {
  const book = (): AllocationLedger => {
    const ledger = ledgerOf(4);
    ledger.addProvider("cell", {});
    ledger.claim([claimOf("a", 3)]);
    return ledger;
  };
  const toCell = (units: number) =>
    new Map([
      ["host", { inventories: {}, generation: 1 }],
      ["cell", { inventories: { VCPU: unitsOf(units) }, generation: 0 }],
    ]);
  const held = (amount: number): Claim => ({
    consumer: "a",
    consumerGeneration: 1,
    allocations: new Map([["cell", { VCPU: amount }]]),
  });

  test("moves inventory to another provider together with what is held of it", () => {
    const ledger = book();
    expect(ledger.reshape(toCell(4), [held(3)])).toEqual({ ok: true });
    expect(ledger.allocationsOf("a")).toEqual(new Map([["cell", { VCPU: 3 }]]));
    expect(ledger.usedOf("host")).toEqual({ VCPU: 0 });
    expect(["host", "cell"].map((uuid) => ledger.generationOf(uuid))).toEqual([2, 1]);
  });

  test("changes nothing when a part of it is refused", () => {
    const ledger = book();
    expect(ledger.reshape(toCell(2), [held(3)])).toEqual(
      refusal("constraints_violated", "capacity_exceeded"),
    );
    expect(ledger.reshape(toCell(4), [])).toEqual(refusal("inventory_in_use"));
    expect(ledger.reshape(new Map([["moon", { inventories: {}, generation: 0 }]]), [])).toEqual(
      refusal("unknown_provider"),
    );
    expect(ledger.claim([claimOf("a", 4, 1)])).toEqual({ ok: true });
    expect(ledger.generationOf("cell")).toBe(0);
  });
});
