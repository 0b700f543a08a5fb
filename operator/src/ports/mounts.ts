// SPDX-License-Identifier: Apache-2.0

/** One mount of this mount namespace. */
export interface Mount {
  /** Where it is mounted. */
  readonly path: string;
  /** Which directory of its file system is the mount's root. */
  readonly root: string;
  /** `major:minor` of its file system: mounts of one file system share it. */
  readonly device: string;
  /** Type of its file system, for example `tmpfs`. */
  readonly type: string;
  readonly isReadOnly: boolean;
}

/** A file system in memory that its owner may fill, and do nothing else with. */
export interface MemoryFileSystem {
  readonly sizeMib: number;
  readonly mode: number;
  /** User and group id of its root directory. */
  readonly uid: number;
}

/**
 * Mounts, and the directories that they stand on. Nothing here follows a symbolic link in the last
 * part of a path, removes what is not empty, or takes more than seconds. Every mount made here ignores
 * devices, set-user-ID bits and programs. Throws PortError `MountFailed` with what the system said, or
 * TimedOut.
 */
export interface Mounts {
  /** Every mount of the namespace, parents before what is mounted in them. */
  list(): Promise<readonly Mount[]>;
  /** Mounts a new file system in memory, in which symbolic links lead nowhere. */
  mountMemory(path: string, options: MemoryFileSystem): Promise<void>;
  /** Shows the directory `source`, without what is mounted in it, at `path` as well. */
  bind(source: string, path: string, access: "read-write" | "read-only"): Promise<void>;
  /** Shows the directory `source` with all that is mounted in it at `path` as well. */
  bindTree(source: string, path: string): Promise<void>;
  /**
   * Takes the topmost mount at `path` away. `busy-fails` throws MountFailed while somebody uses it;
   * `detach` hides it at once, and it goes when the last user does.
   */
  unmount(path: string, how: "busy-fails" | "detach"): Promise<void>;
  /**
   * Makes the directory, and gives it owner and mode; its parent must exist. Safe to call again.
   * Throws MountFailed when something else stands there.
   */
  makeDirectory(
    path: string,
    owner: { readonly uid: number; readonly mode: number },
  ): Promise<void>;
  /** Removes an empty directory. Safe to call again. Throws MountFailed when it is not empty. */
  removeDirectory(path: string): Promise<void>;
}
