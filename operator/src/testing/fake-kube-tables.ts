// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";
import type { ResourceType } from "../ports/kube.ts";
import type { StoredObject } from "./fake-kube-object.ts";
import { keyIn, Revision, type Stored, Table } from "./fake-kube-table.ts";

/** Where an object stands. */
export interface Place {
  readonly table: Table;
  readonly key: string;
  readonly object: StoredObject;
}

/** Everything that was stored at one moment. */
export interface Backup {
  readonly version: number;
  readonly objects: ReadonlyMap<string, ReadonlyMap<string, Stored>>;
}

/** All tables of an API server, made when they are first asked for. */
export class Tables {
  readonly #clock: Clock;
  readonly #revision = new Revision();
  readonly #tables = new Map<string, Table>();
  #lagMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The version of the whole API server. */
  get version(): number {
    return this.#revision.current;
  }

  of(type: ResourceType): Table {
    const name = `${type.group}/${type.plural}`;
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const table = new Table(type, this.#clock, this.#revision);
    table.history.lagMs = this.#lagMs;
    this.#tables.set(name, table);
    return table;
  }

  get watchLagMs(): number {
    return this.#lagMs;
  }

  set watchLagMs(lagMs: number) {
    this.#lagMs = lagMs;
    for (const { history } of this.#tables.values()) history.lagMs = lagMs;
  }

  compact(): void {
    for (const { history } of this.#tables.values()) history.compact();
  }

  backup(): Backup {
    const objects = [...this.#tables].map(([name, table]) => [name, table.backup()] as const);
    return { version: this.version, objects: new Map(objects) };
  }

  restore({ version, objects }: Backup): void {
    this.#revision.restore(version);
    for (const [name, table] of this.#tables) table.restore(objects.get(name) ?? new Map());
  }

  places(): Place[] {
    return [...this.#tables.values()].flatMap((table) =>
      table.objects().map((object) => ({ table, key: keyIn(object), object })),
    );
  }

  placesIn(namespace: string): Place[] {
    return this.places().filter(({ object }) => object.metadata.namespace === namespace);
  }

  /** An object that had owners, none of which is left, and that is not being deleted. */
  orphan(): Place | undefined {
    const places = this.places();
    const uids = new Set(places.map(({ object }) => object.metadata.uid));
    return places.find(({ object: { metadata } }) => {
      const { ownerReferences: owners = [], deletionTimestamp } = metadata;
      const isOrphan = owners.length > 0 && owners.every((owner) => !uids.has(owner.uid));
      return isOrphan && deletionTimestamp === undefined;
    });
  }
}
