// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import type { Inventories } from "./inventory.ts";

/** The trait of a provider that offers its inventory to every tree of its aggregates. */
export const sharesViaAggregate = "MISC_SHARES_VIA_AGGREGATE";

/**
 * One node of Placement's world: a host, a NUMA cell, a device, or storage that hosts share.
 * Source: nova-semantics 5.1.
 */
export interface ResourceProvider {
  readonly uuid: string;
  /** Absent for the root of a tree. */
  readonly parent?: string;
  /** The root's uuid; the provider's own for a root. */
  readonly root: string;
  readonly inventories: Inventories;
  /** What consumers hold, by resource class. */
  readonly used: Readonly<Resources>;
  readonly traits: ReadonlySet<string>;
  readonly aggregates: ReadonlySet<string>;
}

/** The providers, with what a search asks of them again and again worked out once. */
export class ProviderWorld {
  readonly byUuid: ReadonlyMap<string, ResourceProvider>;
  readonly trees: ReadonlyMap<string, readonly ResourceProvider[]>;
  readonly #sharing: readonly ResourceProvider[];

  constructor(providers: readonly ResourceProvider[]) {
    this.byUuid = new Map(providers.map((provider) => [provider.uuid, provider]));
    this.trees = treesOf(providers);
    this.#sharing = providers.filter(({ traits }) => traits.has(sharesViaAggregate));
  }

  /** What a claim anchored at this root may take from: its tree, and providers that share with it. */
  reachableFrom(root: string): readonly ResourceProvider[] {
    const tree = this.trees.get(root) ?? [];
    if (this.#sharing.length === 0) return tree;
    const aggregates = new Set(tree.flatMap((provider) => [...provider.aggregates]));
    const shared = this.#sharing.filter(
      (provider) =>
        provider.root !== root && [...provider.aggregates].some((one) => aggregates.has(one)),
    );
    return [...tree, ...shared];
  }

  /** A provider is in its own aggregates and in those of its root: a root's membership spans its tree. */
  isInAny(provider: ResourceProvider, aggregates: readonly string[]): boolean {
    const root = this.byUuid.get(provider.root);
    return aggregates.some(
      (one) => provider.aggregates.has(one) || (root?.aggregates.has(one) ?? false),
    );
  }

  /** Whether the provider is `ancestor` itself or anywhere below it. */
  isBelow(provider: ResourceProvider, ancestor: string): boolean {
    for (
      let one: ResourceProvider | undefined = provider;
      one !== undefined;
      one = one.parent === undefined ? undefined : this.byUuid.get(one.parent)
    ) {
      if (one.uuid === ancestor) return true;
    }
    return false;
  }
}

function treesOf(providers: readonly ResourceProvider[]): Map<string, ResourceProvider[]> {
  const trees = new Map<string, ResourceProvider[]>();
  for (const provider of providers) {
    const tree = trees.get(provider.root);
    if (tree === undefined) trees.set(provider.root, [provider]);
    else tree.push(provider);
  }
  return trees;
}
