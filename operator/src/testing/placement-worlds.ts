// SPDX-License-Identifier: Apache-2.0
/** Small worlds of resource providers, and a search through all of one that is too simple to be wrong. */
import * as fc from "fast-check";
import type { Inventory } from "../api/v1alpha1/hypervisor.ts";
import type { AllocationCandidate } from "../core/placement/candidate.ts";
import type { CandidateRequest, RequestGroup } from "../core/placement/candidate-request.ts";
import type { ResourceProvider } from "../core/placement/provider.ts";

/** So many units of a class, each to be had alone. */
export function unitsOf(total: number, change: Partial<Inventory> = {}): Inventory {
  const rest = { reserved: 0, allocationRatio: 1, minUnit: 1, maxUnit: total, stepSize: 1 };
  return { total, ...rest, ...change };
}

/** A root unless it is given a parent and a root. */
export function aProvider(
  uuid: string,
  change: Partial<Omit<ResourceProvider, "uuid">> = {},
): ResourceProvider {
  const empty = { inventories: {}, used: {}, traits: new Set<string>() };
  return { uuid, root: uuid, ...empty, aggregates: new Set<string>(), ...change };
}

/** The unsuffixed group for "", else one that wants all from one provider. */
export function aGroup(suffix: string, change: Partial<RequestGroup> = {}): RequestGroup {
  return {
    suffix,
    usesSameProvider: suffix !== "",
    resources: {},
    required: [],
    forbidden: [],
    memberOf: [],
    forbiddenAggregates: [],
    ...change,
  };
}

export function aCandidateRequest(
  groups: readonly RequestGroup[],
  change: Partial<CandidateRequest> = {},
): CandidateRequest {
  const open = { sameSubtree: [], rootRequired: [], rootForbidden: [] };
  return { groups, groupPolicy: "none", ...open, ...change };
}

const sharing = "MISC_SHARES_VIA_AGGREGATE";
const classes = ["VCPU", "VGPU"];
const traits = ["CUSTOM_A", "CUSTOM_B"];
const aggregates = ["one", "two"];

const inventory: fc.Arbitrary<Inventory> = fc
  .record({
    total: fc.integer({ min: 1, max: 4 }),
    maxUnit: fc.integer({ min: 1, max: 4 }),
    stepSize: fc.constantFrom(1, 1, 1, 2),
    allocationRatio: fc.constantFrom(1, 1, 1.5),
  })
  .map(({ total, ...change }) => unitsOf(total, change));

const provider = fc.record({
  inventories: fc.dictionary(fc.constantFrom(...classes), inventory, { maxKeys: 2 }),
  used: fc.dictionary(fc.constantFrom(...classes), fc.integer({ min: 0, max: 2 }), { maxKeys: 1 }),
  traits: fc.subarray(traits).map((list) => new Set(list)),
  aggregates: fc.subarray(aggregates).map((list) => new Set(list)),
});

/** One or two hosts with some children each (a few below the first child), and perhaps shared storage. */
export const world: fc.Arbitrary<ResourceProvider[]> = fc
  .record({
    trees: fc.array(fc.array(provider, { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 2,
    }),
    shared: fc.option(provider, { nil: undefined }),
    isTwin: fc.boolean(),
    isDeep: fc.boolean(),
  })
  .map(({ trees, shared, isTwin, isDeep }) => {
    const hosts = trees.flatMap((tree, host) =>
      tree.map((one, index) => {
        const root = `host-${host}`;
        if (index === 0) return aProvider(root, one);
        // Twins: the last two children are equal, so that there is a symmetry to be found.
        const like = isTwin && index === tree.length - 1 ? (tree[index - 1] ?? one) : one;
        const parent = isDeep && index > 1 ? `${root}-1` : root;
        return aProvider(`${root}-${index}`, { ...like, root, parent });
      }),
    );
    if (shared === undefined) return hosts;
    const offered = { ...shared, traits: new Set([...shared.traits, sharing]) };
    return [...hosts, aProvider("storage", offered)];
  });

const resources = fc.dictionary(fc.constantFrom(...classes), fc.integer({ min: 1, max: 2 }), {
  minKeys: 1,
  maxKeys: 2,
});
const seldom = (list: readonly string[]): fc.Arbitrary<string[]> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<string[]>([]) },
    fc.subarray([...list], { maxLength: 1 }),
  );
const anyOfs = (list: readonly string[]): fc.Arbitrary<string[][]> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant<string[][]>([]) },
    fc.subarray([...list], { minLength: 1 }).map((anyOf) => [anyOf]),
  );

const group = fc.record({
  resources,
  required: anyOfs(traits),
  forbidden: seldom(traits),
  memberOf: anyOfs(aggregates),
  forbiddenAggregates: seldom(aggregates),
});

/** Up to three groups with or without the unsuffixed one. */
export const candidateRequest: fc.Arbitrary<CandidateRequest> = fc
  .record({
    groups: fc.array(group, { minLength: 1, maxLength: 3 }),
    hasUnsuffixed: fc.boolean(),
    isTwin: fc.boolean(),
    groupPolicy: fc.constantFrom("none" as const, "isolate" as const),
    hasSubtree: fc.boolean(),
    rootForbidden: seldom(traits),
  })
  .map(({ groups, hasUnsuffixed, isTwin, hasSubtree, ...rest }) => {
    const named = groups.map((one, index) => {
      const like = isTwin && index === 2 ? (groups[1] ?? one) : one;
      return aGroup(hasUnsuffixed && index === 0 ? "" : `_${index}`, like);
    });
    const suffixes = named.map(({ suffix }) => suffix).filter((suffix) => suffix !== "");
    const sameSubtree = hasSubtree && suffixes.length > 1 ? [suffixes] : [];
    return aCandidateRequest(named, { ...rest, sameSubtree });
  });

type Taking = readonly [group: RequestGroup, resourceClass: string, from: ResourceProvider];

/** Every candidate, found by trying all providers for each group and judging each try as a whole. */
export function bruteForce(
  providers: readonly ResourceProvider[],
  request: CandidateRequest,
): AllocationCandidate[] {
  let tries: Taking[][] = [[]];
  for (const one of request.groups) {
    const names = Object.keys(one.resources);
    // All classes from one provider, or each from any.
    const steps = one.usesSameProvider ? [names] : names.map((name) => [name]);
    for (const step of steps) {
      const takings = providers.map((from) => step.map((name): Taking => [one, name, from]));
      tries = tries.flatMap((taken) => takings.map((more) => [...taken, ...more]));
    }
  }
  const roots = providers.filter(({ parent }) => parent === undefined);
  return roots.flatMap((root) =>
    tries
      .filter((taken) => isValid(providers, request, root, taken))
      .map((taken) => candidateOf(root.uuid, taken)),
  );
}

function isValid(
  providers: readonly ResourceProvider[],
  request: CandidateRequest,
  root: ResourceProvider,
  taken: readonly Taking[],
): boolean {
  const of = (one: RequestGroup) => taken.filter(([by]) => by === one).map(([, , from]) => from);
  const granular = request.groups.filter(({ usesSameProvider }) => usesSameProvider);
  const firsts = granular.map((one) => of(one)[0]);
  return (
    request.rootRequired.every((trait) => root.traits.has(trait)) &&
    !request.rootForbidden.some((trait) => root.traits.has(trait)) &&
    taken.every(([, , from]) => isWithinReach(providers, root, from)) &&
    (request.groupPolicy === "none" || new Set(firsts).size === firsts.length) &&
    request.groups.every((one) => mayTakeFrom(providers, one, of(one))) &&
    isWithinCapacity(taken) &&
    request.sameSubtree.every((suffixes) => {
      const members = request.groups.filter(({ suffix }) => suffixes.includes(suffix)).flatMap(of);
      return members.some((top) => members.every((one) => ancestry(providers, one).includes(top)));
    })
  );
}

function isWithinReach(
  providers: readonly ResourceProvider[],
  root: ResourceProvider,
  from: ResourceProvider,
): boolean {
  if (from.root === root.uuid) return true;
  const tree = providers.filter((one) => one.root === root.uuid);
  const isNear = tree.some((one) => [...one.aggregates].some((name) => from.aggregates.has(name)));
  return from.traits.has(sharing) && isNear;
}

function ancestry(
  providers: readonly ResourceProvider[],
  from: ResourceProvider,
): ResourceProvider[] {
  const parent = providers.find(({ uuid }) => uuid === from.parent);
  return parent === undefined ? [from] : [from, ...ancestry(providers, parent)];
}

function mayTakeFrom(
  providers: readonly ResourceProvider[],
  { usesSameProvider, required, forbidden, memberOf, forbiddenAggregates }: RequestGroup,
  from: readonly ResourceProvider[],
): boolean {
  return (
    required.every((anyOf) => from.some((one) => anyOf.some((trait) => one.traits.has(trait)))) &&
    from.every((one) => {
      const root = providers.find(({ uuid }) => uuid === one.root) ?? one;
      const inside = usesSameProvider ? [one] : [one, root];
      const isIn = (name: string) => inside.some((member) => member.aggregates.has(name));
      return (
        !forbidden.some((trait) => one.traits.has(trait)) &&
        memberOf.every((anyOf) => anyOf.some(isIn)) &&
        !forbiddenAggregates.some(isIn)
      );
    })
  );
}

function isWithinCapacity(taken: readonly Taking[]): boolean {
  return taken.every(([one, resourceClass, from]) => {
    const stock = from.inventories[resourceClass];
    if (stock === undefined) return false;
    const amount = one.resources[resourceClass] ?? 0;
    const sum = taken
      .filter(([, name, other]) => name === resourceClass && other === from)
      .reduce((total, [by]) => total + (by.resources[resourceClass] ?? 0), 0);
    return (
      amount >= stock.minUnit &&
      amount % stock.stepSize === 0 &&
      sum <= stock.maxUnit &&
      (from.used[resourceClass] ?? 0) + sum <=
        (stock.total - stock.reserved) * stock.allocationRatio
    );
  });
}

function candidateOf(root: string, taken: readonly Taking[]): AllocationCandidate {
  const allocations = new Map<string, Record<string, number>>();
  const mappings = new Map<string, string[]>();
  for (const [{ suffix, resources: amounts }, resourceClass, { uuid }] of taken) {
    const held = allocations.get(uuid) ?? {};
    held[resourceClass] = (held[resourceClass] ?? 0) + (amounts[resourceClass] ?? 0);
    allocations.set(uuid, held);
    mappings.set(suffix, [...new Set([...(mappings.get(suffix) ?? []), uuid])]);
  }
  return { root, allocations, mappings };
}
