// SPDX-License-Identifier: Apache-2.0
import type { Incarnation, Orphan } from "../core/guest/paths.ts";
import type { GuestRecord } from "../core/guest/record.ts";
import { AlreadyExists } from "../ports/errors.ts";
import type { FoundFiles, GuestFiles } from "../ports/guest-files.ts";
import type { ReleasedTokens } from "../ports/released-tokens.ts";

/** What stands under one name: directory and record come and go apart. */
interface Place {
  directory?: { uid: number; domainXml?: string; disk?: FakeDisk };
  bases?: Set<string>;
  record?: GuestRecord;
}

/** A disk: another object after each time that one is made. */
export interface FakeDisk {
  readonly base: string;
  readonly sizeBytes: number;
  /** What the guest has written. */
  content: string;
}

/** Guests' files in memory, with the steps between which an agent may be killed. */
export class FakeGuestFiles implements GuestFiles {
  readonly #places = new Map<string, Place>();
  readonly #orphans = new Map<string, Place & { readonly orphan: Orphan }>();

  /** The disk of an incarnation, wherever its directory is. */
  disk(incarnation: Incarnation): FakeDisk | undefined {
    const aside = [...this.#orphans.values()].find(({ orphan }) => isSame(orphan, incarnation));
    return (this.#places.get(nameOf(incarnation)) ?? aside)?.directory?.disk;
  }

  /** Whether it was set aside as an orphan. */
  isAside(incarnation: Incarnation): boolean {
    return [...this.#orphans.values()].some(({ orphan }) => isSame(orphan, incarnation));
  }

  /** The agent's record, at once. */
  record(incarnation: Incarnation): GuestRecord | undefined {
    return this.#places.get(nameOf(incarnation))?.record;
  }

  /** What the tools for disks do. */
  addDisk(incarnation: Incarnation, disk: FakeDisk): void {
    const { directory } = this.#placeOf(incarnation);
    if (directory === undefined) throw new Error("a disk needs its directory");
    if (directory.disk !== undefined) throw new AlreadyExists("the guest has a disk already");
    directory.disk = disk;
  }

  /** Somebody without a right to it removes the disk. */
  loseDisk(incarnation: Incarnation): void {
    delete this.#placeOf(incarnation).directory?.disk;
  }

  async list(): Promise<readonly Incarnation[]> {
    return [...this.#places.keys()].map(incarnationOf);
  }

  async find(incarnation: Incarnation): Promise<FoundFiles> {
    const directory = this.#places.get(nameOf(incarnation))?.directory;
    return { hasDirectory: directory !== undefined, hasDisk: directory?.disk !== undefined };
  }

  async makeDirectory(incarnation: Incarnation, uid: number): Promise<void> {
    this.#placeOf(incarnation).directory ??= { uid };
  }

  /** Digests of the images that the guest's pods see. */
  bases(incarnation: Incarnation): string[] {
    return [...(this.#places.get(nameOf(incarnation))?.bases ?? [])];
  }

  async showBase(incarnation: Incarnation, digest: string): Promise<void> {
    const place = this.#placeOf(incarnation);
    place.bases = new Set([...(place.bases ?? []), digest]);
  }

  async writeDomainXml(incarnation: Incarnation, xml: string): Promise<void> {
    const { directory } = this.#placeOf(incarnation);
    if (directory !== undefined) directory.domainXml = xml;
  }

  async readRecord(incarnation: Incarnation): Promise<GuestRecord | undefined> {
    return this.#places.get(nameOf(incarnation))?.record;
  }

  async writeRecord(incarnation: Incarnation, record: GuestRecord): Promise<void> {
    this.#placeOf(incarnation).record = record;
  }

  async remove(incarnation: Incarnation): Promise<void> {
    this.#places.delete(nameOf(incarnation));
  }

  async finishRemovals(): Promise<void> {}

  async setAside(orphan: Orphan): Promise<void> {
    const place = this.#places.get(nameOf(orphan));
    if (place === undefined) return;
    this.#places.delete(nameOf(orphan));
    this.#orphans.set(nameOf(orphan), { ...place, orphan });
  }

  async listOrphans(): Promise<readonly Orphan[]> {
    return [...this.#orphans.values()].map(({ orphan }) => orphan);
  }

  async readOrphanRecord(orphan: Orphan): Promise<GuestRecord | undefined> {
    return this.#orphans.get(nameOf(orphan))?.record;
  }

  async destroyOrphan(orphan: Orphan): Promise<void> {
    this.#orphans.delete(nameOf(orphan));
  }

  #placeOf(incarnation: Incarnation): Place {
    const place = this.#places.get(nameOf(incarnation)) ?? {};
    this.#places.set(nameOf(incarnation), place);
    return place;
  }
}

/** The durable file of released tokens. */
export class FakeReleasedTokens implements ReleasedTokens {
  readonly #released = new Map<string, number>();

  has({ serverUid, token }: Incarnation): boolean {
    return token <= (this.#released.get(serverUid) ?? 0);
  }

  async add({ serverUid, token }: Incarnation): Promise<void> {
    this.#released.set(serverUid, token);
  }
}

function nameOf({ serverUid, token }: Incarnation): string {
  return `${serverUid}/${token}`;
}

function incarnationOf(name: string): Incarnation {
  const [serverUid = "", token] = name.split("/");
  return { serverUid, token: Number(token) };
}

function isSame(one: Incarnation, other: Incarnation): boolean {
  return nameOf(one) === nameOf(other);
}
