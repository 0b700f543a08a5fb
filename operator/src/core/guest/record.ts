// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";

/** A power-on that was begun: written to the node's disk before the guest's first instruction. */
const bootSchema = z.looseObject({
  /** `Guest.spec.boot` that asked for it. */
  number: z.int().min(0),
  /** The node's boot id. */
  hostBootId: z.string(),
  podUid: z.string(),
});

const recordSchema = z.looseObject({
  namespace: z.string(),
  name: z.string(),
  /** Of the Guest object: one that was made again counts its boots from the start. */
  guestUid: z.string(),
  /** The user that QEMU runs as, and that owns the disk. Agents before 0.1 did not write it. */
  uid: z.int().min(0).optional(),
  /** Base of the root disk. */
  imageDigest: z.string(),
  /** The last boot; absent as long as the guest never ran. */
  boot: bootSchema.optional(),
  /** The Guest is gone, and its owner wants the disk to stay. */
  isRetained: z.boolean().optional(),
});

/**
 * What the agent keeps of a guest on the node's disk: which image its disk needs, and which boot was
 * begun where. It is what tells a guest that ended from one that never ran. A record of a later release may
 * say more: an upgrade that is taken back leaves no guest behind.
 */
export type GuestRecord = z.output<typeof recordSchema>;

/** Throws when the text is no record: the node's disk is damaged, and guessing could cost a disk. */
export function readRecord(text: string): GuestRecord {
  return recordSchema.parse(JSON.parse(text));
}

export function writeRecord(record: GuestRecord): string {
  return `${JSON.stringify(record)}\n`;
}
