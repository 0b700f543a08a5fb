// SPDX-License-Identifier: Apache-2.0
/** Writes of allocations and inventories, each with the whole world before and after. */
import { z } from "zod";
import { type Claim, AllocationLedger } from "../../operator/src/core/placement/ledger.ts";
import { areCasesWith, judgeEach, type Verdict } from "./verdict.ts";
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
    message: z.string().nullish(),
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
const inventoryWriteSchema = z
  .object({ inventories: inventoriesSchema, resource_provider_generation: z.number() })
  .transform(({ inventories, resource_provider_generation: generation }) => ({
    inventories,
    generation,
  }));

/** Reads `{cases}` with a method and a path each; undefined for other files. */
export function allocationVectors(file: Readonly<Record<string, unknown>>): Verdict[] | undefined {
  if (!areCasesWith(file["cases"], "method", "path")) return undefined;
  return judgeEach(file["cases"], caseSchema, judge);
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

/** How Placement words what its JSON schemas and its reading of bodies and paths refuse. */
const unreadable = /Failed validating|Malformed/;

function skipRule({ expected }: RecordedCase): string | undefined {
  const { status, reason, message } = expected;
  if (status === 403) return "HTTP only: who may call";
  if (status === 404) return "old microversion: a route that was not there yet";
  if (status === 400 && (reason === "schema" || unreadable.test(message ?? ""))) {
    return "HTTP parsing only: malformed bodies and paths";
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

const bodiesSchema = z.record(z.string(), z.unknown());
const reshapeSchema = z.object({
  inventories: z.record(z.string(), inventoryWriteSchema),
  allocations: bodiesSchema,
});

function ask(ledger: AllocationLedger, { method, path, body, consumers }: RecordedCase): Outcome {
  const target = dashed(path.split("/")[2] ?? "");
  if (path.startsWith("/resource_providers")) {
    return ledger.setInventories(target, inventoryWriteSchema.parse(body));
  }
  if (path.startsWith("/reshaper")) {
    const { inventories, allocations } = reshapeSchema.parse(body);
    return ledger.reshape(new Map(Object.entries(inventories)), claimsOf(allocations, consumers));
  }
  const bodies = method === "PUT" ? { [target]: body } : bodiesSchema.parse(body);
  return ledger.claim(claimsOf(bodies, consumers));
}

/** By consumer, each with the generation that the writer knows. */
function claimsOf(
  bodies: Readonly<Record<string, unknown>>,
  consumers: RecordedCase["consumers"],
): Claim[] {
  return Object.entries(bodies).map(([consumer, one]) => {
    const { consumer_generation: given, allocations } = claimSchema.parse(one);
    // Before microversion 1.28 writers did not know generations: theirs is always current.
    const generation = given === undefined ? consumers[consumer] : (given ?? undefined);
    return {
      consumer,
      ...(generation === undefined ? {} : { consumerGeneration: generation }),
      allocations: new Map(allocations),
    };
  });
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
