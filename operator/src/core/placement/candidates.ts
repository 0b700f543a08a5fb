// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import { capacityOf } from "./inventory.ts";
import { shortagesOf } from "./capacity.ts";
import type { ProviderWorld, ResourceProvider } from "./provider.ts";

/** What is asked for together. Source: nova-semantics 5.1. */
export interface RequestGroup {
  /** "" for the unsuffixed group, which may be spread over a tree and what shares with it. */
  readonly suffix: string;
  /** Everything from one provider: true for every suffixed group. */
  readonly usesSameProvider: boolean;
  readonly resources: Readonly<Resources>;
  /** All of these, each by any trait of the list. */
  readonly required: readonly (readonly string[])[];
  readonly forbidden: readonly string[];
  /** All of these, each by any aggregate of the list. */
  readonly memberOf: readonly (readonly string[])[];
  readonly forbiddenAggregates: readonly string[];
  /** Only providers of the tree that this one is in. */
  readonly inTree?: string;
}

export interface CandidateRequest {
  readonly groups: readonly RequestGroup[];
  /** isolate: suffixed groups with resources take different providers. */
  readonly groupPolicy: "none" | "isolate";
  /** In each list: one of the groups' providers is an ancestor of all the others'. */
  readonly sameSubtree: readonly (readonly string[])[];
  readonly rootRequired: readonly string[];
  readonly rootForbidden: readonly string[];
}

/** One way to satisfy a request. */
export interface AllocationCandidate {
  /** The tree that it was found from. */
  readonly root: string;
  readonly allocations: ReadonlyMap<string, Readonly<Resources>>;
  /** Which providers each group takes from. */
  readonly mappings: ReadonlyMap<string, readonly string[]>;
}

/** One group's part of a candidate: an amount of a class from a provider, for each class. */
type Share = readonly (readonly [
  provider: ResourceProvider,
  resourceClass: string,
  amount: number,
])[];

interface Choice {
  readonly group: RequestGroup;
  readonly providers: readonly ResourceProvider[];
  readonly share: Share;
}

/**
 * Every way to satisfy the request from this root, lazily: the caller takes as many as it wants.
 * Capacity is checked while the candidate grows, so that no dead branch is followed to its end.
 */
export function* candidatesOf(
  world: ProviderWorld,
  root: string,
  request: CandidateRequest,
): Generator<AllocationCandidate> {
  const anchor = world.byUuid.get(root);
  if (anchor === undefined || !isAnchor(anchor, request)) return;
  const reachable = world.reachableFrom(root);
  const choices = request.groups.map((group) => choicesOf(world, reachable, group));
  if (choices.some((list) => list.length === 0)) return;
  yield* extend({ world, request, root, choices }, 0, []);
}

/** Every candidate from every tree, each once. */
export function* allCandidates(
  world: ProviderWorld,
  request: CandidateRequest,
): Generator<AllocationCandidate> {
  const seen = new Set<string>();
  for (const root of world.trees.keys()) {
    for (const candidate of candidatesOf(world, root, request)) {
      const key = keyOfCandidate(candidate);
      if (seen.has(key)) continue;
      seen.add(key);
      yield candidate;
    }
  }
}

/** Equal for candidates that take the same amounts for the same groups. */
export function keyOfCandidate({ allocations, mappings }: AllocationCandidate): string {
  const taken = [...allocations].flatMap(([uuid, amounts]) =>
    Object.entries(amounts).map(([resourceClass, amount]) => [uuid, resourceClass, amount].join()),
  );
  const groups = [...mappings].map(([suffix, uuids]) => `${suffix}=${uuids.toSorted().join()}`);
  return JSON.stringify([taken.toSorted(), groups.toSorted()]);
}

function isAnchor(root: ResourceProvider, request: CandidateRequest): boolean {
  return (
    request.rootRequired.every((trait) => root.traits.has(trait)) &&
    !request.rootForbidden.some((trait) => root.traits.has(trait))
  );
}

interface Search {
  readonly world: ProviderWorld;
  readonly request: CandidateRequest;
  readonly root: string;
  readonly choices: readonly (readonly Choice[])[];
}

function* extend(
  search: Search,
  depth: number,
  chosen: readonly Choice[],
): Generator<AllocationCandidate> {
  const next = search.choices[depth];
  if (next === undefined) {
    if (isEverySubtreeShared(search, chosen)) yield join(search.root, chosen);
    return;
  }
  for (const choice of next) {
    if (search.request.groupPolicy === "isolate" && !isApart(choice, chosen)) continue;
    const grown = [...chosen, choice];
    if (fits(grown, choice)) yield* extend(search, depth + 1, grown);
  }
}

function isApart(choice: Choice, chosen: readonly Choice[]): boolean {
  if (!isGranular(choice)) return true;
  return !chosen.some((one) => isGranular(one) && one.providers[0] === choice.providers[0]);
}

const isGranular = ({ group }: Choice): boolean => group.usesSameProvider;

/** Whether what all groups take together is within capacity, looking at what the last one takes. */
function fits(chosen: readonly Choice[], last: Choice): boolean {
  return last.share.every(([provider, resourceClass]) => {
    const inventory = provider.inventories[resourceClass];
    if (inventory === undefined) return false;
    const amount = sumOf(chosen, provider, resourceClass);
    const used = provider.used[resourceClass] ?? 0;
    return amount <= inventory.maxUnit && used + amount <= capacityOf(inventory);
  });
}

function sumOf(
  chosen: readonly Choice[],
  provider: ResourceProvider,
  resourceClass: string,
): number {
  let sum = 0;
  for (const { share } of chosen) {
    for (const [from, what, amount] of share) {
      if (from === provider && what === resourceClass) sum += amount;
    }
  }
  return sum;
}

function isEverySubtreeShared(search: Search, chosen: readonly Choice[]): boolean {
  return search.request.sameSubtree.every((suffixes) => {
    const providers = chosen
      .filter(({ group }) => suffixes.includes(group.suffix))
      .flatMap((choice) => choice.providers);
    return providers.some((top) =>
      providers.every((provider) => search.world.isBelow(provider, top.uuid)),
    );
  });
}

function join(root: string, chosen: readonly Choice[]): AllocationCandidate {
  const allocations = new Map<string, Resources>();
  const mappings = new Map<string, readonly string[]>();
  for (const { group, providers, share } of chosen) {
    mappings.set(
      group.suffix,
      providers.map(({ uuid }) => uuid),
    );
    for (const [provider, resourceClass, amount] of share) {
      const taken = allocations.get(provider.uuid) ?? {};
      taken[resourceClass] = (taken[resourceClass] ?? 0) + amount;
      allocations.set(provider.uuid, taken);
    }
  }
  return { root, allocations, mappings };
}

function choicesOf(
  world: ProviderWorld,
  reachable: readonly ResourceProvider[],
  group: RequestGroup,
): readonly Choice[] {
  const eligible = reachable.filter((provider) => isEligible(world, provider, group));
  return group.usesSameProvider ? granularChoices(eligible, group) : spreadChoices(eligible, group);
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

function granularChoices(
  eligible: readonly ResourceProvider[],
  group: RequestGroup,
): readonly Choice[] {
  return eligible
    .filter((provider) => hasTraits([provider], group.required))
    .filter(({ inventories, used }) => shortagesOf(inventories, used, group.resources).length === 0)
    .map((provider) => ({
      group,
      providers: [provider],
      share: Object.entries(group.resources).map(([resourceClass, amount]) => [
        provider,
        resourceClass,
        amount,
      ]),
    }));
}

/** The unsuffixed group: each class from any provider; traits may sit on any that contributes. */
function spreadChoices(
  eligible: readonly ResourceProvider[],
  group: RequestGroup,
): readonly Choice[] {
  let shares: Share[] = [[]];
  for (const [resourceClass, amount] of Object.entries(group.resources)) {
    const offering = eligible.filter(
      ({ inventories, used }) =>
        shortagesOf(inventories, used, { [resourceClass]: amount }).length === 0,
    );
    shares = shares.flatMap((share) =>
      offering.map((provider): Share => [...share, [provider, resourceClass, amount]]),
    );
  }
  return shares
    .map((share) => ({ group, providers: [...new Set(share.map(([one]) => one))], share }))
    .filter(({ providers }) => hasTraits(providers, group.required));
}

function hasTraits(
  providers: readonly ResourceProvider[],
  required: readonly (readonly string[])[],
): boolean {
  return required.every((anyOf) =>
    anyOf.some((trait) => providers.some(({ traits }) => traits.has(trait))),
  );
}
