// SPDX-License-Identifier: Apache-2.0
import { Assignment } from "./assignment.ts";
import { type AllocationCandidate, keyOfCandidate } from "./candidate.ts";
import type { CandidateRequest } from "./candidate-request.ts";
import { mayStillFit } from "./lookahead.ts";
import type { ProviderWorld, ResourceProvider } from "./provider.ts";
import { hasTraits, type Slot, slotsOf, type Want, wantsOf } from "./slots.ts";
import { FoldedSymmetry, noSymmetry, type Symmetry } from "./symmetry.ts";

/** A rule over several slots. */
type Rule = (assignment: Assignment) => boolean;

/** The search from one root. */
interface Search {
  readonly slots: readonly Slot[];
  /** What has to hold once so many slots are taken, by that number. */
  readonly rules: ReadonlyMap<number, readonly Rule[]>;
  readonly assignment: Assignment;
  readonly isIsolated: boolean;
  readonly root: string;
  readonly symmetry: Symmetry;
  /** From its first dead end on, a search looks ahead. */
  isWary: boolean;
}

/**
 * Finds the ways to satisfy a request, from one root after the other and lazily: who needs one candidate
 * pays for one. Capacity is checked while a candidate grows. Source: nova-semantics 5.1.
 */
export class CandidateSearch {
  readonly #world: ProviderWorld;
  readonly #request: CandidateRequest;
  readonly #wants: readonly Want[];

  constructor(world: ProviderWorld, request: CandidateRequest) {
    this.#world = world;
    this.#request = request;
    this.#wants = wantsOf(request);
  }

  /** Every candidate from this root. There may be as many as devices have permutations. */
  *all(root: string): Generator<AllocationCandidate> {
    const search = this.#searchFrom(root, false);
    if (search !== undefined) yield* extend(search, 0);
  }

  /** Of the candidates from this root that differ only by equal devices or equal groups, one each. */
  *distinct(root: string): Generator<AllocationCandidate> {
    const search = this.#searchFrom(root, true);
    if (search !== undefined) yield* extend(search, 0);
  }

  /** The first distinct candidates from this root, at most so many. */
  first(root: string, countMax: number): AllocationCandidate[] {
    const found: AllocationCandidate[] = [];
    if (countMax <= 0) return found;
    for (const candidate of this.distinct(root)) {
      found.push(candidate);
      if (found.length === countMax) break;
    }
    return found;
  }

  #searchFrom(root: string, isFolded: boolean): Search | undefined {
    const request = this.#request;
    const anchor = this.#world.byUuid.get(root);
    if (anchor === undefined || !isAnchor(anchor, request)) return undefined;
    const providers = this.#world.reachableFrom(root);
    const slots = slotsOf(this.#world, providers, this.#wants);
    if (slots === undefined) return undefined;
    const hasChoice = slots.some(({ options }) => options.length > 1);
    const search: Search = {
      slots,
      rules: this.#rulesOf(slots),
      assignment: new Assignment(request),
      isIsolated: request.groupPolicy === "isolate",
      root,
      symmetry: isFolded && hasChoice ? new FoldedSymmetry(root, providers, slots) : noSymmetry,
      isWary: false,
    };
    return keepsRules(search, 0) ? search : undefined;
  }

  /** Each rule is due when the last slot that it looks at is taken. */
  #rulesOf(slots: readonly Slot[]): Map<number, Rule[]> {
    const rules = new Map<number, Rule[]>();
    const add = (suffixes: readonly string[], rule: Rule): void => {
      const due = slots.findLastIndex(({ group }) => suffixes.includes(group.suffix)) + 1;
      rules.set(due, [...(rules.get(due) ?? []), rule]);
    };
    for (const suffixes of this.#request.sameSubtree) {
      add(suffixes, (taken) => this.#isSubtree(taken.providersOf(suffixes)));
    }
    for (const { suffix, usesSameProvider, required } of this.#request.groups) {
      if (usesSameProvider || required.length === 0) continue;
      add([suffix], (taken) => hasTraits(taken.providersOf([suffix]), required));
    }
    return rules;
  }

  #isSubtree(providers: readonly ResourceProvider[]): boolean {
    return providers.some((top) =>
      providers.every((provider) => this.#world.isBelow(provider, top.uuid)),
    );
  }
}

/** Every candidate from every tree, each once. */
export function* allCandidates(
  world: ProviderWorld,
  request: CandidateRequest,
): Generator<AllocationCandidate> {
  const search = new CandidateSearch(world, request);
  const seen = new Set<string>();
  for (const root of world.trees.keys()) {
    for (const candidate of search.all(root)) {
      const key = keyOfCandidate(candidate);
      if (seen.has(key)) continue;
      seen.add(key);
      yield candidate;
    }
  }
}

function isAnchor(root: ResourceProvider, request: CandidateRequest): boolean {
  return (
    request.rootRequired.every((trait) => root.traits.has(trait)) &&
    !request.rootForbidden.some((trait) => root.traits.has(trait))
  );
}

/** Says whether the slots from this one on could be satisfied. */
function* extend(search: Search, depth: number): Generator<AllocationCandidate, boolean> {
  const { slots, assignment, symmetry, isIsolated } = search;
  const slot = slots[depth];
  if (slot === undefined) {
    yield assignment.toCandidate(search.root);
    return true;
  }
  let isSatisfied = false;
  let isPromising = false;
  for (const provider of symmetry.distinct(slot.options)) {
    isPromising ||= !search.isWary || mayStillFit(slots.slice(depth), assignment, isIsolated);
    if (!isPromising) break;
    if (!assignment.take(slot, provider)) continue;
    symmetry.mark(slot, provider);
    if (keepsRules(search, depth + 1) && symmetry.isNew() && (yield* extend(search, depth + 1))) {
      isSatisfied = true;
    }
    symmetry.unmark(provider);
    assignment.giveBack();
  }
  if (!isSatisfied) search.isWary = true;
  return isSatisfied;
}

function keepsRules({ rules, assignment }: Search, takenCount: number): boolean {
  return (rules.get(takenCount) ?? []).every((rule) => rule(assignment));
}
