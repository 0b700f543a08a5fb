// SPDX-License-Identifier: Apache-2.0
import { type NodePaths, podDirectory } from "./paths.ts";

/** One mount of the tree that a server pod sees as /data, in the tree's own directory. */
export type TreeMount =
  | {
      readonly kind: "memory";
      readonly path: string;
      readonly sizeMib: number;
      readonly mode: number;
      readonly uid: number;
    }
  | {
      readonly kind: "bind";
      readonly path: string;
      readonly source: string;
      readonly access: "read-write" | "read-only";
    };

/** What a pod is given of the node. */
export interface PodTree {
  /** Where it stands on the node, by a short path; the pod's volume is a second look at it. */
  readonly directory: string;
  /** In the order in which they are made; each needs those before it. */
  readonly mounts: readonly TreeMount[];
  /** Stays empty until something is mounted there, which the running pod then sees. */
  readonly hotplug: string;
}

/** Names in the tree: beside `hotplug`, one mount each. */
const names = { run: "run", guest: "vm", images: "images", hotplug: "hotplug" } as const;

/** Sockets, settings and logs of libvirt: measured below 1 MiB, and bounded for a hostile pod. */
const runSizeMib = 16;

const podUidPattern = /^[0-9a-f][0-9a-f-]{0,35}$/;

/** Whether the text may be the uid of a pod. */
export function isPodUid(text: string): boolean {
  return podUidPattern.test(text);
}

/**
 * The tree of a pod for a guest: its `directory`, the `bases` of its disks, and its `uid`, which the pod
 * runs as.
 */
export function podTree(
  paths: NodePaths,
  podUid: string,
  guest: { readonly directory: string; readonly bases: string; readonly uid: number },
): PodTree {
  const directory = podDirectory(paths.pods, podUid);
  return {
    directory,
    hotplug: `${directory}/${names.hotplug}`,
    mounts: [
      { kind: "memory", path: directory, sizeMib: 1, mode: 0o755, uid: 0 },
      {
        kind: "memory",
        path: `${directory}/${names.run}`,
        sizeMib: runSizeMib,
        mode: 0o700,
        uid: guest.uid,
      },
      {
        kind: "bind",
        path: `${directory}/${names.guest}`,
        source: guest.directory,
        access: "read-write",
      },
      {
        kind: "bind",
        path: `${directory}/${names.images}`,
        source: guest.bases,
        access: "read-only",
      },
    ],
  };
}

/** A mount as the kernel lists it: the members that tell whether a tree stands. */
export interface StandingMount {
  readonly path: string;
  readonly isReadOnly: boolean;
}

/**
 * Whether everything of the tree in `directory` is mounted there, and at `target` as well. A tree of
 * which a part is missing was never given to a pod, or is being taken down.
 */
export function isTreeWhole(
  standing: readonly StandingMount[],
  directory: string,
  target: string,
): boolean {
  const accessAt = new Map(standing.map((mount) => [mount.path, mount.isReadOnly]));
  return [directory, target].every(
    (root) =>
      accessAt.get(root) === false &&
      accessAt.get(`${root}/${names.run}`) === false &&
      accessAt.get(`${root}/${names.guest}`) === false &&
      accessAt.get(`${root}/${names.images}`) === true,
  );
}
