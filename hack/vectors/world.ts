// SPDX-License-Identifier: Apache-2.0
/** Placement's objects as the vector files write them. */
import { z } from "zod";
import type { Inventories } from "../../operator/src/core/placement/inventory.ts";
import type { ResourceProvider } from "../../operator/src/core/placement/provider.ts";

const inventorySchema = z.object({
  total: z.number(),
  reserved: z.number().default(0),
  min_unit: z.number().default(1),
  max_unit: z.number().default(2_147_483_647),
  step_size: z.number().default(1),
  allocation_ratio: z.number().default(1),
});

export const inventoriesSchema = z.record(z.string(), inventorySchema).transform(
  (recorded): Inventories =>
    Object.fromEntries(
      Object.entries(recorded).map(([name, one]) => [
        name,
        {
          total: one.total,
          reserved: one.reserved,
          minUnit: one.min_unit,
          maxUnit: one.max_unit,
          stepSize: one.step_size,
          allocationRatio: one.allocation_ratio,
        },
      ]),
    ),
);

export const providerSchema = z.object({
  uuid: z.string(),
  parent: z.string().nullable(),
  root: z.string(),
  generation: z.number(),
  inventories: inventoriesSchema,
  traits: z.array(z.string()),
  aggregates: z.array(z.string()),
  allocations: z.array(z.object({ consumer: z.string(), rc: z.string(), used: z.number() })),
});

export type RecordedProvider = z.output<typeof providerSchema>;

export function providerOf(recorded: RecordedProvider): ResourceProvider {
  const used: Record<string, number> = {};
  for (const { rc, used: amount } of recorded.allocations) used[rc] = (used[rc] ?? 0) + amount;
  return {
    uuid: recorded.uuid,
    ...(recorded.parent === null ? {} : { parent: recorded.parent }),
    root: recorded.root,
    inventories: recorded.inventories,
    used,
    traits: new Set(recorded.traits),
    aggregates: new Set(recorded.aggregates),
  };
}
