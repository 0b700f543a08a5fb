// SPDX-License-Identifier: Apache-2.0
import type { Incarnation, Orphan } from "../core/guest/paths.ts";
import type { GuestRecord } from "../core/guest/record.ts";

/** What there is of a guest on the node's disk. */
export interface FoundFiles {
  readonly hasDirectory: boolean;
  /** A disk that is there is whole: it gets its name when it is finished. */
  readonly hasDisk: boolean;
}

/**
 * The directories of guests on the node's disk, and the agent's records of them. What is in a directory
 * may be replaced by its pod at any time: nothing in it is followed, and nothing read. What is done is
 * on the disk. Throws PortError `FileFailed` with what the system said.
 */
export interface GuestFiles {
  /** Every incarnation that has a directory or a record. */
  list(): Promise<readonly Incarnation[]>;
  find(incarnation: Incarnation): Promise<FoundFiles>;
  /** Makes the guest's directory, which belongs to its user. Safe to call again. */
  makeDirectory(incarnation: Incarnation, uid: number): Promise<void>;
  /**
   * Lets the guest's pods see a base image of the node's cache, at once and read-only. They see no other,
   * and keep it for as long as the guest is there. Safe to call again.
   */
  showBase(incarnation: Incarnation, digest: string): Promise<void>;
  /** Keeps the domain's XML in the directory, for people. */
  writeDomainXml(incarnation: Incarnation, xml: string): Promise<void>;
  /** Throws PortError `RecordDamaged` when what is there is none. */
  readRecord(incarnation: Incarnation): Promise<GuestRecord | undefined>;
  writeRecord(incarnation: Incarnation, record: GuestRecord): Promise<void>;
  /**
   * Destroys directory, bases and record. A crash in its middle leaves what {@link finishRemovals} knows: the
   * directory does not come back. Safe to call again.
   */
  remove(incarnation: Incarnation): Promise<void>;
  /** Goes on with removals that were begun. */
  finishRemovals(): Promise<void>;
  /** Moves directory and record to where orphans are kept. Safe to call again. */
  setAside(orphan: Orphan): Promise<void>;
  listOrphans(): Promise<readonly Orphan[]>;
  readOrphanRecord(orphan: Orphan): Promise<GuestRecord | undefined>;
  destroyOrphan(orphan: Orphan): Promise<void>;
}
