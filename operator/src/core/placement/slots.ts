// SPDX-License-Identifier: Apache-2.0
import type { CandidateRequest, RequestGroup } from "./candidate-request.ts";
import { brokenRuleOf } from "./capacity.ts";
import type { ProviderWorld, ResourceProvider } from "./provider.ts";

/** A part of a request that one provider gives as a whole. */
export interface Want {
  readonly group: RequestGroup;
  readonly amounts: readonly (readonly [resourceClass: string, amount: number])[];
  /** The same number for wants that could change places: alike in all but the suffix. */
  readonly kind: number;
}

/** A want, and who could satisfy it if nothing else were asked for. */
export interface Slot extends Want {
  readonly options: readonly ResourceProvider[];
}

/** A granular group is one want; the unsuffixed group is one for each class, since it may be spread. */
export function wantsOf({ groups, sameSubtree }: CandidateRequest): Want[] {
  const kinds = new Map<string, number>();
  return groups.flatMap((group) => {
    const subtrees = sameSubtree.map((suffixes) => suffixes.includes(group.suffix));
    const all = Object.entries(group.resources).filter(([, amount]) => amount > 0);
    const parts = group.usesSameProvider ? [all] : all.map((one) => [one]);
    return parts.map((amounts) => {
      const key = JSON.stringify([{ ...group, suffix: "" }, amounts, subtrees]);
      const kind = kinds.get(key) ?? kinds.size;
      kinds.set(key, kind);
      return { group, amounts, kind };
    });
  });
}

/**
 * The wants with their options among the providers, the hardest to satisfy first, so that a search fails
 * early. Undefined when a want has none.
 */
export function slotsOf(
  world: ProviderWorld,
  providers: readonly ResourceProvider[],
  wants: readonly Want[],
): Slot[] | undefined {
  const byKind = new Map<number, readonly ResourceProvider[]>();
  for (const want of wants) {
    if (byKind.has(want.kind)) continue;
    const options = providers.filter((provider) => isOption(world, provider, want));
    if (options.length === 0) return undefined;
    byKind.set(want.kind, options);
  }
  return wants
    .map((want) => ({ ...want, options: byKind.get(want.kind) ?? [] }))
    .toSorted((one, other) => one.options.length - other.options.length || one.kind - other.kind);
}

function isOption(
  world: ProviderWorld,
  provider: ResourceProvider,
  { group, amounts }: Want,
): boolean {
  const { inventories, used } = provider;
  return (
    amounts.every(
      ([name, amount]) => brokenRuleOf(inventories[name], used[name] ?? 0, amount) === undefined,
    ) &&
    isEligible(world, provider, group) &&
    // Those of the unsuffixed group may sit on any provider that contributes.
    (!group.usesSameProvider || hasTraits([provider], group.required))
  );
}

/** Rules that every provider that a group takes from must keep by itself. */
function isEligible(
  world: ProviderWorld,
  provider: ResourceProvider,
  group: RequestGroup,
): boolean {
  const tree = group.inTree === undefined ? undefined : world.byUuid.get(group.inTree)?.root;
  // A root's membership spans its tree for the unsuffixed group only.
  const isMember = (aggregates: readonly string[]): boolean =>
    group.usesSameProvider
      ? aggregates.some((one) => provider.aggregates.has(one))
      : world.isInAny(provider, aggregates);
  return (
    (group.inTree === undefined || provider.root === tree) &&
    !group.forbidden.some((trait) => provider.traits.has(trait)) &&
    group.memberOf.every((aggregates) => isMember(aggregates)) &&
    !isMember(group.forbiddenAggregates)
  );
}

/** Whether of each list some provider has some trait. */
export function hasTraits(
  providers: readonly ResourceProvider[],
  required: readonly (readonly string[])[],
): boolean {
  return required.every((anyOf) =>
    anyOf.some((trait) => providers.some(({ traits }) => traits.has(trait))),
  );
}
