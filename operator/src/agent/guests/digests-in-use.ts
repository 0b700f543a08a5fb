// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { GuestFiles } from "../../ports/guest-files.ts";

/**
 * Digests of the images that disks on this node are made upon, or will be. Undefined when there is a
 * directory that tells of none: then any image may be one that it needs.
 */
export async function digestsInUse(
  guests: readonly Guest[],
  files: GuestFiles,
): Promise<ReadonlySet<string> | undefined> {
  const digests = new Set(guests.map(({ spec }) => spec.image.http.checksum));
  const known = new Set(guests.map(({ spec }) => `${spec.server.uid}/${spec.token}`));
  for (const incarnation of await files.list()) {
    const record = await files.readRecord(incarnation);
    if (record !== undefined) digests.add(record.imageDigest);
    else if (!known.has(`${incarnation.serverUid}/${incarnation.token}`)) return undefined;
  }
  for (const orphan of await files.listOrphans()) {
    const record = await files.readOrphanRecord(orphan);
    if (record === undefined) return undefined;
    digests.add(record.imageDigest);
  }
  return digests;
}
