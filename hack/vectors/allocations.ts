// SPDX-License-Identifier: Apache-2.0
/** Writes of allocations and inventories, each with the whole world before and after. */
import { z } from "zod";
import { type Claim, AllocationLedger } from "../../operator/src/core/placement/ledger.ts";
import type { Verdict } from "./verdict.ts";
import { inventoriesSchema, providerSchema } from "./world.ts";

const allocationsAfterSchema = z.record(
  z.string(),
  z.array(z.object({ consumer: z.string(), rc: z.string(), used: z.number() })),
);

const caseSchema = z.object({
  name: z.string(),
  method: z.string(),
  path: z.string(),
  body: z.unknown(),
  tree: z.array(providerSchema),
  consumers: z.record(z.string(), z.number()),
  expected: z.object({
    status: z.number(),
    reason: z.string().nullish(),
    allocations_after: allocationsAfterSchema,
    consumers_after: z.record(z.string(), z.number()),
    provider_generations_after: z.record(z.string(), z.number()).optional(),
  }),
});

type RecordedCase = z.output<typeof caseSchema>;

const amountsSchema = z.object({ resources: z.record(z.string(), z.number()) });
const claimSchema = z.object({
  consumer_generation: z.number().nullish(),
  allocations: z.union([
    z
      .record(z.string(), amountsSchema)
      .transform((one) =>
        Object.entries(one).map(([uuid, { resources }]) => [uuid, resources] as const),
      ),
    // Before microversion 1.12 allocations were a list.
    z
      .array(amountsSchema.extend({ resource_provider: z.object({ uuid: z.string() }) }))
      .transform((list) =>
        list.map(
          ({ resource_provider, resources }) => [resource_provider.uuid, resources] as const,
        ),
      ),
  ]),
});
const inventoryWriteSchema = z.object({
  inventories: inventoriesSchema,
  resource_provider_generation: z.number(),
});

/** Reads `{cases}` with a method and a path each; undefined for other files. */
export function allocationVectors(file: Readonly<Record<string, unknown>>): Verdict[] | undefined {
  const cases = z.array(caseSchema).safeParse(file["cases"]);
  return cases.success ? cases.data.map(judge) : undefined;
}

function judge(one: RecordedCase): Verdict {
  const { name } = one;
  const rule = skipRule(one);
  if (rule !== undefined) return { outcome: "skipped", name, why: rule };
  const ledger = ledgerOf(one);
  const outcome = ask(ledger, one);
  const why = differences(ledger, outcome, one).join("; ");
  return why === "" ? { outcome: "passed", name } : { outcome: "failed", name, why };
}

function skipRule({ path, expected }: RecordedCase): string | undefined {
  const { status, reason } = expected;
  if (path.startsWith("/reshaper")) return "the reshaper: our providers are made from facts";
  if (status === 403) return "who may call: the API server's admission decides that here";
  if (status === 404 || reason === "schema" || (status === 400 && reason === undefined)) {
    return "HTTP parsing only: malformed bodies and unknown routes";
  }
  return undefined;
}

function ledgerOf({ tree, consumers }: RecordedCase): AllocationLedger {
  const ledger = new AllocationLedger();
  const held = new Map<string, Map<string, Record<string, number>>>();
  for (const { uuid, inventories, generation, allocations } of tree) {
    ledger.addProvider(uuid, inventories, generation);
    for (const { consumer, rc, used } of allocations) {
      const mine = held.get(consumer) ?? new Map<string, Record<string, number>>();
      mine.set(uuid, { ...mine.get(uuid), [rc]: used });
      held.set(consumer, mine);
    }
  }
  for (const [consumer, generation] of Object.entries(consumers)) {
    ledger.addConsumer(consumer, generation, held.get(consumer) ?? new Map());
  }
  return ledger;
}

type Outcome = ReturnType<AllocationLedger["claim"]>;

function ask(ledger: AllocationLedger, { method, path, body, consumers }: RecordedCase): Outcome {
  const target = dashed(path.split("/")[2] ?? "");
  if (path.startsWith("/resource_providers")) {
    const write = inventoryWriteSchema.parse(body);
    return ledger.setInventories(target, write.inventories, write.resource_provider_generation);
  }
  const bodies =
    method === "PUT" ? { [target]: body } : z.record(z.string(), z.unknown()).parse(body);
  return ledger.claim(
    Object.entries(bodies).map(([consumer, one]): Claim => {
      const { consumer_generation: given, allocations } = claimSchema.parse(one);
      // Before microversion 1.28 writers did not know generations: theirs is always current.
      const generation = given === undefined ? consumers[consumer] : (given ?? undefined);
      return {
        consumer,
        ...(generation === undefined ? {} : { consumerGeneration: generation }),
        allocations: new Map(allocations),
      };
    }),
  );
}

function differences(
  ledger: AllocationLedger,
  outcome: Outcome,
  { expected, consumers }: RecordedCase,
): string[] {
  const found: string[] = [];
  const { reason } = expected;
  if (outcome.ok !== expected.status < 300) {
    found.push(`answered ${JSON.stringify(outcome)} for ${expected.status} ${reason ?? ""}`);
  } else if (!outcome.ok && typeof reason === "string") {
    // A write with several faults names the first by an order that the recording lost.
    const named = new Set<string>(outcome.reasons);
    if (!named.has(reason)) found.push(`refused for ${[...named].join()} instead of ${reason}`);
  }
  const known = new Set([...Object.keys(consumers), ...ledger.consumers().keys()]);
  const after = [...known].flatMap((consumer) =>
    [...ledger.allocationsOf(consumer)].flatMap(([uuid, resources]) =>
      Object.entries(resources).map(([rc, used]) => `${uuid} ${consumer} ${rc} ${used}`),
    ),
  );
  const recorded = Object.entries(expected.allocations_after).flatMap(([uuid, list]) =>
    list.map(({ consumer, rc, used }) => `${uuid} ${consumer} ${rc} ${used}`),
  );
  if (!isSame(after, recorded)) found.push("other allocations afterwards");
  for (const [uuid, generation] of Object.entries(expected.provider_generations_after ?? {})) {
    const ours = ledger.generationOf(uuid);
    if (ours !== generation) found.push(`generation ${ours} of ${uuid} instead of ${generation}`);
  }
  // A consumer that Placement leaves behind with nothing after a refused write is a leftover.
  const generations = [...ledger.consumers()].map((pair) => pair.join(" "));
  const theirs = Object.entries(expected.consumers_after).map((pair) => pair.join(" "));
  if (outcome.ok && !isSame(generations, theirs)) found.push("other consumers afterwards");
  return found;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.toSorted().join("\n") === other.toSorted().join("\n");
}

function dashed(uuid: string): string {
  const match = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(uuid);
  return match === null ? uuid : match.slice(1).join("-");
}
