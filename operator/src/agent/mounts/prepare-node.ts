// SPDX-License-Identifier: Apache-2.0
import type { NodePaths } from "../../core/guest/paths.ts";
import type { Mounts } from "../../ports/mounts.ts";

/** Who knows a directory in it by name may pass; nobody may list them. */
export const passage = { uid: 0, mode: 0o711 } as const;
/** Its parts are shown to those whom they concern. */
const secret = { uid: 0, mode: 0o700 } as const;
export const readable = { uid: 0, mode: 0o755 } as const;

/** Makes the directories that everything else on the node stands in; their root must be there. */
export async function prepareNode(mounts: Mounts, paths: NodePaths): Promise<void> {
  await mounts.makeDirectory(paths.guests, passage);
  await mounts.makeDirectory(paths.bases, secret);
  for (const path of [paths.images, paths.pods, paths.devices]) {
    await mounts.makeDirectory(path, readable);
  }
}
