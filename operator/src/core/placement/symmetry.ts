// SPDX-License-Identifier: Apache-2.0
import { assert } from "../lib/assert.ts";
import { capacityOf } from "./inventory.ts";
import type { ResourceProvider } from "./provider.ts";
import type { Slot } from "./slots.ts";

/** What is equal to what while a candidate grows: of equals, a search follows one. */
export interface Symmetry {
  /** One of each set of equal providers. */
  distinct(providers: readonly ResourceProvider[]): readonly ResourceProvider[];
  /** The slot takes from the provider. */
  mark(slot: Slot, provider: ResourceProvider): void;
  /** The last mark that stands was this provider's: it is taken off. */
  unmark(provider: ResourceProvider): void;
  /** True the first time that it is asked after marks which equal these. */
  isNew(): boolean;
}

/** Tells everything from everything, for a search that misses no permutation. */
export const noSymmetry: Symmetry = {
  distinct: (providers) => providers,
  mark: () => {},
  unmark: () => {},
  isNew: () => true,
};

/** A provider in its tree, with what it has given so far. */
interface Place {
  readonly parent: Place | undefined;
  readonly children: Place[];
  /** All that the request can see of the provider alone. */
  readonly face: string;
  /** Kinds of the slots that take from it. */
  readonly marks: number[];
  /** Equal for subtrees that are equal, with their marks, whatever the order of children. */
  shape: number;
}

/**
 * Two devices are equal when nothing that the request asks can tell them apart and they have given the
 * same so far; two unfinished candidates are, when equal providers changing places and slots of one kind
 * changing places make one of the other. Shapes are named by numbers, one for each description.
 */
export class FoldedSymmetry implements Symmetry {
  readonly #places = new Map<ResourceProvider, Place>();
  readonly #tops: readonly Place[];
  readonly #names = new Map<string, number>();
  readonly #seen = new Set<string>();
  /** The shapes before each mark that stands, from the marked place upwards. */
  readonly #past: (readonly number[])[] = [];

  /** `root` is the tree that the candidates are found from. */
  constructor(root: string, providers: readonly ResourceProvider[], slots: readonly Slot[]) {
    const faceOf = faces(root, slots);
    const byUuid = new Map(providers.map((one) => [one.uuid, one]));
    const placeOf = (provider: ResourceProvider): Place => {
      const known = this.#places.get(provider);
      if (known !== undefined) return known;
      const above = provider.parent === undefined ? undefined : byUuid.get(provider.parent);
      // What is shared stands alone: its relation to other providers of its tree is not looked into.
      const parent = above === undefined || provider.root !== root ? undefined : placeOf(above);
      const place: Place = { parent, children: [], face: faceOf(provider), marks: [], shape: 0 };
      parent?.children.push(place);
      this.#places.set(provider, place);
      return place;
    };
    this.#tops = providers.map(placeOf).filter(({ parent }) => parent === undefined);
    for (const top of this.#tops) this.#nameAll(top);
  }

  distinct(providers: readonly ResourceProvider[]): readonly ResourceProvider[] {
    if (providers.length === 1) return providers;
    const byPosition = new Map<string, ResourceProvider>();
    for (const provider of providers) {
      const position = positionOf(this.#placeOf(provider));
      if (!byPosition.has(position)) byPosition.set(position, provider);
    }
    return [...byPosition.values()];
  }

  mark(slot: Slot, provider: ResourceProvider): void {
    const place = this.#placeOf(provider);
    place.marks.push(slot.kind);
    const past: number[] = [];
    for (let one: Place | undefined = place; one !== undefined; one = one.parent) {
      past.push(one.shape);
      this.#name(one);
    }
    this.#past.push(past);
  }

  unmark(provider: ResourceProvider): void {
    let place: Place | undefined = this.#placeOf(provider);
    place.marks.pop();
    for (const shape of this.#past.pop() ?? []) {
      if (place === undefined) break;
      place.shape = shape;
      place = place.parent;
    }
  }

  isNew(): boolean {
    const state = this.#tops.map(({ shape }) => shape).join();
    if (this.#seen.has(state)) return false;
    this.#seen.add(state);
    return true;
  }

  #placeOf(provider: ResourceProvider): Place {
    const place = this.#places.get(provider);
    assert(place !== undefined, "every option is one of the providers");
    return place;
  }

  #nameAll(place: Place): void {
    for (const child of place.children) this.#nameAll(child);
    this.#name(place);
  }

  #name(place: Place): void {
    const children = place.children.map(({ shape }) => shape);
    const description = `${place.face};${inOrder(place.marks)};${inOrder(children)}`;
    let name = this.#names.get(description);
    if (name === undefined) {
      name = this.#names.size;
      this.#names.set(description, name);
    }
    place.shape = name;
  }
}

const inOrder = (numbers: readonly number[]): string =>
  numbers.length < 2 ? numbers.join() : numbers.toSorted((one, other) => one - other).join();

/** Equal for providers that an exchange of equal subtrees puts in each other's place. */
function positionOf({ parent, shape }: Place): string {
  return parent === undefined ? String(shape) : `${positionOf(parent)}/${shape}`;
}

/** How the request sees a provider: what it is an option for, and how much it has left. */
function faces(root: string, slots: readonly Slot[]): (provider: ResourceProvider) => string {
  const kinds = [...new Map(slots.map((slot) => [slot.kind, slot.options])).values()];
  const optionsOf = kinds.map((options) => new Set(options));
  const traits = [...new Set(slots.flatMap(spreadTraitsOf))];
  const classes = [...new Set(slots.flatMap(({ amounts }) => amounts.map(([name]) => name)))];
  return (provider) => {
    let face = provider.root === root ? "" : provider.uuid;
    for (const options of optionsOf) face += options.has(provider) ? "+" : "-";
    for (const trait of traits) face += provider.traits.has(trait) ? "+" : "-";
    for (const name of classes) face += `,${roomNameOf(provider, name)}`;
    return face;
  };
}

/** Traits that any of several providers may bring. Those that one provider must have decide its options. */
function spreadTraitsOf({ group }: Slot): readonly string[] {
  return group.usesSameProvider ? [] : group.required.flat();
}

function roomNameOf({ inventories, used }: ResourceProvider, resourceClass: string): string {
  const inventory = inventories[resourceClass];
  if (inventory === undefined) return "";
  return `${capacityOf(inventory) - (used[resourceClass] ?? 0)}/${inventory.maxUnit}`;
}
