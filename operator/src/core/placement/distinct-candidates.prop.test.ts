// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bruteForce, candidateRequest, world } from "../../testing/placement-worlds.ts";
import { isEqual } from "../lib/equal.ts";
import { type AllocationCandidate, keyOfCandidate } from "./candidate.ts";
import type { CandidateRequest, RequestGroup } from "./candidate-request.ts";
import { CandidateSearch } from "./candidates.ts";
import { ProviderWorld, type ResourceProvider } from "./provider.ts";

type Renaming = ReadonlyMap<string, string>;

function permutationsOf<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutationsOf(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  );
}

function renamingsOf(names: readonly string[]): Renaming[] {
  const paired = (other: readonly string[]) => names.map((name, at) => [name, other[at] ?? name]);
  return permutationsOf(names).map((other) => new Map(paired(other) as [string, string][]));
}

/** The candidate with providers and groups called otherwise. */
function renamed(
  { root, allocations, mappings }: AllocationCandidate,
  providers: Renaming,
  suffixes: Renaming,
): string {
  const nameOf = (uuid: string): string => providers.get(uuid) ?? uuid;
  return keyOfCandidate({
    root,
    allocations: new Map([...allocations].map(([uuid, held]) => [nameOf(uuid), held])),
    mappings: new Map(
      [...mappings].map(([suffix, uuids]) => [suffixes.get(suffix) ?? suffix, uuids.map(nameOf)]),
    ),
  });
}

const isAlike = (one: RequestGroup, other: RequestGroup): boolean =>
  isEqual({ ...one, suffix: "" }, { ...other, suffix: "" });

/** Ways to call groups by each other's suffixes that leave the request what it is. */
function groupRenamings({ groups }: CandidateRequest): Renaming[] {
  const granular = groups.filter(({ usesSameProvider }) => usesSameProvider);
  const bySuffix = new Map(granular.map((group) => [group.suffix, group]));
  return renamingsOf([...bySuffix.keys()]).filter((renaming) =>
    granular.every((group) =>
      isAlike(group, bySuffix.get(renaming.get(group.suffix) ?? "") ?? group),
    ),
  );
}

function childRenamings(providers: readonly ResourceProvider[], root: string): Renaming[] {
  const children = providers.filter((one) => one.root === root && one.parent !== undefined);
  return renamingsOf(children.map(({ uuid }) => uuid));
}

/** Renamings of providers that change nothing at all in the world. */
function identities(providers: readonly ResourceProvider[], root: string): Renaming[] {
  const byUuid = new Map(providers.map((one) => [one.uuid, one]));
  return childRenamings(providers, root).filter((renaming) =>
    providers.every((one) => {
      const image = byUuid.get(renaming.get(one.uuid) ?? one.uuid) ?? one;
      const parent = renaming.get(one.parent ?? "") ?? one.parent;
      const sets = (of: ResourceProvider) => [[...of.traits], [...of.aggregates]];
      return (
        parent === image.parent &&
        isEqual([one.inventories, one.used], [image.inventories, image.used]) &&
        isEqual(sets(one), sets(image))
      );
    }),
  );
}

const runs = { numRuns: 200 };
const rootsOf = (providers: readonly ResourceProvider[]): string[] =>
  providers.filter(({ parent }) => parent === undefined).map(({ uuid }) => uuid);

describe("the distinct candidates from a root", () => {
  test("are candidates, and every other one is the image of one of them", () => {
    fc.assert(
      fc.property(world, candidateRequest, (providers, request) => {
        const search = new CandidateSearch(new ProviderWorld(providers), request);
        const every = bruteForce(providers, request);
        const suffixes = groupRenamings(request);
        for (const root of rootsOf(providers)) {
          const mine = every.filter((candidate) => candidate.root === root);
          const all = new Set(mine.map(keyOfCandidate));
          // A symmetry of the question: it maps the set of answers onto itself.
          const symmetries = childRenamings(providers, root).filter((renaming) =>
            mine.every((candidate) => all.has(renamed(candidate, renaming, new Map()))),
          );
          const distinct = [...search.distinct(root)];
          for (const candidate of distinct) expect(all).toContain(keyOfCandidate(candidate));
          const images = distinct.flatMap((candidate) =>
            symmetries.flatMap((one) => suffixes.map((other) => renamed(candidate, one, other))),
          );
          expect(new Set(images)).toEqual(all);
        }
      }),
      runs,
    );
  });

  test("are not images of each other by equal providers or equal groups", () => {
    fc.assert(
      fc.property(world, candidateRequest, (providers, request) => {
        const search = new CandidateSearch(new ProviderWorld(providers), request);
        const suffixes = groupRenamings(request);
        for (const root of rootsOf(providers)) {
          const same = identities(providers, root);
          const seen = new Set<string>();
          for (const candidate of search.distinct(root)) {
            expect(seen).not.toContain(keyOfCandidate(candidate));
            const images = same.flatMap((one) =>
              suffixes.map((other) => renamed(candidate, one, other)),
            );
            for (const image of images) seen.add(image);
          }
        }
      }),
      runs,
    );
  });
});
