// SPDX-License-Identifier: Apache-2.0
import { isTreeWhole, type PodTree, type TreeMount } from "../../core/guest/pod-tree.ts";
import { PortError } from "../../ports/errors.ts";
import type { Mount, Mounts } from "../../ports/mounts.ts";

/** A tree has a handful of mounts, twice; more means that something mounts as fast as we unmount. */
const unmountsMax = 64;

/** Whether the pod's tree is there, in `directory` and at `target`. */
export async function isPublished(
  mounts: Mounts,
  directory: string,
  target: string,
): Promise<boolean> {
  return isTreeWhole(await mounts.list(), directory, target);
}

/**
 * Makes the tree and shows it at `target`. What a killed agent left half made is taken down first:
 * nobody uses it yet, and if somebody does, the call throws and nothing is harmed.
 */
export async function publishTree(mounts: Mounts, tree: PodTree, target: string): Promise<void> {
  await unmountBelow(mounts, [target, tree.directory], (path) =>
    mounts.unmount(path, "busy-fails"),
  );
  for (const mount of tree.mounts) {
    await mounts.makeDirectory(mount.path, { uid: 0, mode: 0o755 });
    await make(mounts, mount);
  }
  await mounts.makeDirectory(tree.hotplug, { uid: 0, mode: 0o755 });
  await mounts.makeDirectory(target, { uid: 0, mode: 0o755 });
  await mounts.bindTree(tree.directory, target);
}

/**
 * Takes the tree away, also what is left of one. Nothing is ever deleted: mounts are unmounted, and
 * the directories that they stood on have to be empty then.
 */
export async function unpublishTree(
  mounts: Mounts,
  directory: string,
  target: string,
): Promise<void> {
  await unmountBelow(mounts, [target, directory], async (path) => {
    try {
      await mounts.unmount(path, "busy-fails");
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      // The pod's processes are gone, or hang in the kernel: the mount goes with them.
      await mounts.unmount(path, "detach");
    }
  });
  await mounts.removeDirectory(target);
  await mounts.removeDirectory(directory);
}

function make(mounts: Mounts, mount: TreeMount): Promise<void> {
  if (mount.kind === "memory") return mounts.mountMemory(mount.path, mount);
  return mounts.bind(mount.source, mount.path, mount.access);
}

/**
 * Unmounts all that stands at or below the roots, the innermost first. The table is read again each
 * time: what is taken away in one place may go in another as well.
 */
async function unmountBelow(
  mounts: Mounts,
  roots: readonly string[],
  unmount: (path: string) => Promise<void>,
): Promise<void> {
  const isBelow = ({ path }: Mount): boolean =>
    roots.some((root) => path === root || path.startsWith(`${root}/`));
  for (let unmounts = 0; unmounts < unmountsMax; unmounts += 1) {
    const innermost = (await mounts.list()).findLast(isBelow);
    if (innermost === undefined) return;
    await unmount(innermost.path);
  }
  throw new PortError("MountFailed", `mounts at ${roots.join(" and ")} do not come to an end`);
}
