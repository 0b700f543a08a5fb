// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { aCandidateRequest, aGroup, aProvider, unitsOf } from "../../testing/placement-worlds.ts";
import type { CandidateRequest, RequestGroup } from "./candidate-request.ts";
import { allCandidates, CandidateSearch } from "./candidates.ts";
import { ProviderWorld, type ResourceProvider } from "./provider.ts";

const root = "host";
const host = aProvider(root, { inventories: { VCPU: unitsOf(8) } });

function aDevice(
  index: number,
  change: Partial<Omit<ResourceProvider, "uuid">> = {},
): ResourceProvider {
  const inventories = { VGPU: unitsOf(1) };
  return aProvider(`gpu-${index}`, { root, parent: root, inventories, ...change });
}

const devices = (count: number): ResourceProvider[] =>
  Array.from({ length: count }, (_, index) => aDevice(index));
const groups = (count: number, change: Partial<RequestGroup> = {}): RequestGroup[] =>
  Array.from({ length: count }, (_, index) =>
    aGroup(`_${index}`, { resources: { VGPU: 1 }, ...change }),
  );

const searchOf = (
  providers: readonly ResourceProvider[],
  request: CandidateRequest,
): CandidateSearch => new CandidateSearch(new ProviderWorld([host, ...providers]), request);
const countOf = (found: Iterable<unknown>): number => [...found].length;

describe("a search for candidates", () => {
  test("finds every permutation, and of equal devices only one when they are folded", () => {
    const search = searchOf(devices(4), aCandidateRequest(groups(3)));
    expect(countOf(search.all(root))).toBe(24);
    expect(countOf(search.distinct(root))).toBe(1);
  });

  test("keeps devices apart that the request tells apart", () => {
    const quick = aDevice(9, { traits: new Set(["CUSTOM_QUICK"]) });
    const any = searchOf([...devices(2), quick], aCandidateRequest(groups(1)));
    expect(countOf(any.distinct(root))).toBe(1);
    const picky = aGroup("_p", { resources: { VGPU: 1 }, required: [["CUSTOM_QUICK"]] });
    const both = searchOf([...devices(2), quick], aCandidateRequest([...groups(1), picky]));
    expect([...both.distinct(root)].map(({ mappings }) => mappings.get("_p"))).toEqual([["gpu-9"]]);
  });

  test("keeps devices apart that are used differently", () => {
    const inventories = { VGPU: unitsOf(4) };
    const used = [0, 0, 1, 1].map((VGPU, index) => aDevice(index, { inventories, used: { VGPU } }));
    expect(countOf(searchOf(used, aCandidateRequest(groups(1))).distinct(root))).toBe(2);
  });

  test("folds equal NUMA cells with all that is below them", () => {
    const cells = ["cell-0", "cell-1"].flatMap((cell, at) => [
      aProvider(cell, { root, parent: root }),
      aDevice(2 * at, { parent: cell }),
      aDevice(2 * at + 1, { parent: cell }),
    ]);
    const search = searchOf(cells, aCandidateRequest(groups(2)));
    // Both from one cell, or one from each.
    expect(countOf(search.distinct(root))).toBe(2);
  });

  test("takes as many as it is asked for", () => {
    const search = searchOf(
      devices(4),
      aCandidateRequest([aGroup("", { resources: { VCPU: 1 } })]),
    );
    expect(search.first(root, 0)).toEqual([]);
    expect(search.first(root, 5)).toHaveLength(1);
    expect(search.first("another", 1)).toEqual([]);
  });

  test("names the unsuffixed group's providers once each", () => {
    const request = aCandidateRequest([aGroup("", { resources: { VCPU: 1, VGPU: 1 } })]);
    const found = [...allCandidates(new ProviderWorld([host, aDevice(1)]), request)];
    expect(found.map(({ mappings }) => mappings.get("")?.toSorted())).toEqual([["gpu-1", root]]);
  });
});

describe("a search that cannot succeed ends at once", () => {
  const unlike = (count: number, change: (index: number) => Partial<ResourceProvider>) =>
    Array.from({ length: count }, (_, index) => aDevice(index, change(index)));

  test("when there is one group more than devices, all different", () => {
    const providers = unlike(40, (index) => ({ inventories: { VGPU: unitsOf(1 + index) } }));
    const request = aCandidateRequest(groups(41), { groupPolicy: "isolate" });
    expect(searchOf(providers, request).first(root, 1)).toEqual([]);
  });

  test("when the devices together have a unit too few", () => {
    const providers = unlike(30, (index) => ({
      inventories: { VGPU: unitsOf(40) },
      used: { VGPU: 40 - index },
    }));
    const sum = (29 * 30) / 2;
    expect(searchOf(providers, aCandidateRequest(groups(sum))).first(root, 1)).toHaveLength(1);
    expect(searchOf(providers, aCandidateRequest(groups(sum + 1))).first(root, 1)).toEqual([]);
  });

  test("when picky groups and easy ones want the same devices", () => {
    const traits = new Set(["CUSTOM_QUICK"]);
    const providers = unlike(30, (index) => ({
      inventories: { VGPU: unitsOf(1 + index) },
      ...(index < 10 && { traits }),
    }));
    const picky = (count: number) =>
      groups(count, { required: [["CUSTOM_QUICK"]] }).map((group) => ({
        ...group,
        suffix: `${group.suffix}p`,
      }));
    const ask = (count: number) =>
      aCandidateRequest([...groups(20), ...picky(count)], { groupPolicy: "isolate" });
    expect(searchOf(providers, ask(10)).first(root, 1)).toHaveLength(1);
    expect(searchOf(providers, ask(11)).first(root, 1)).toEqual([]);
  });
});
