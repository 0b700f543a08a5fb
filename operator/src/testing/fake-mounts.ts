// SPDX-License-Identifier: Apache-2.0
import { PortError } from "../ports/errors.ts";
import type { MemoryFileSystem, Mount, Mounts } from "../ports/mounts.ts";

/** A directory of some file system. Files are names without more. */
interface Directory {
  readonly children: Map<string, Directory>;
  readonly files: Set<string>;
  uid: number;
  mode: number;
}

interface Entry extends Mount {
  /** What the mount shows. */
  readonly directory: Directory;
  /** Mounts of one group see what is mounted in one another, as shared mounts do. */
  readonly group: number;
}

/**
 * A tree of directories with mounts over them: what is mounted hides what is below, appears in every
 * mount that is shared with its parent, and goes from there as well.
 */
export class FakeMounts implements Mounts {
  readonly #root: Entry;
  #entries: Entry[];
  #groups = 0;
  /** Paths that somebody has a file open in. */
  readonly busy = new Set<string>();

  /** `directories` exist from the beginning, with their parents. */
  constructor(directories: readonly string[]) {
    this.#root = this.#entry("/", directory(0, 0o755), "ext4", false);
    this.#entries = [this.#root];
    for (const path of directories) {
      let parent = this.#root.directory;
      for (const name of names(path)) parent = child(parent, name) ?? add(parent, name);
    }
  }

  /** What is there to be seen, or undefined. */
  find(path: string): { uid: number; mode: number; names: string[] } | undefined {
    const found = this.#resolve(path);
    if (found === undefined) return undefined;
    const { uid, mode, children, files } = found;
    return { uid, mode, names: [...children.keys(), ...files].toSorted() };
  }

  addFile(directoryPath: string, name: string): void {
    this.#resolve(directoryPath)?.files.add(name);
  }

  async list(): Promise<readonly Mount[]> {
    return this.#entries;
  }

  async mountMemory(path: string, { uid, mode }: MemoryFileSystem): Promise<void> {
    this.#mount(path, directory(uid, mode), "tmpfs", false);
  }

  async bind(source: string, path: string, access: "read-write" | "read-only"): Promise<void> {
    this.#mount(path, this.#demand(source), "ext4", access === "read-only");
  }

  async bindTree(source: string, path: string): Promise<void> {
    const trees = this.#entries.filter((entry) => isBelow(entry.path, source));
    this.#demand(path);
    for (const entry of trees) {
      this.#entries.push({ ...entry, path: path + entry.path.slice(source.length) });
    }
  }

  async unmount(path: string, how: "busy-fails" | "detach"): Promise<void> {
    const top = this.#entries.findLast((entry) => entry.path === path);
    if (top === undefined || top === this.#root) fail(`${path}: not mounted`);
    const nested = this.#entries.filter((entry) => entry.path.startsWith(`${path}/`));
    const isBusy = this.busy.has(path) || nested.length > 0;
    if (isBusy && how === "busy-fails") fail(`${path}: target is busy`);
    const gone = new Set([top, ...nested]);
    for (const peer of this.#peersOf(path)) {
      const copy = this.#entries.findLast((entry) => entry.path === peer);
      if (copy !== undefined) gone.add(copy);
    }
    this.#entries = this.#entries.filter((entry) => !gone.has(entry));
  }

  async makeDirectory(path: string, owner: { uid: number; mode: number }): Promise<void> {
    const parent = this.#demand(path.slice(0, path.lastIndexOf("/")) || "/");
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (this.#resolve(path) === undefined) add(parent, name);
    Object.assign(this.#demand(path), owner);
  }

  async removeDirectory(path: string): Promise<void> {
    const found = this.#resolve(path);
    if (found === undefined) return;
    if (this.#entries.some((entry) => entry.path === path)) fail(`${path}: busy`);
    if (found.children.size + found.files.size > 0) fail(`${path}: directory not empty`);
    this.#demand(path.slice(0, path.lastIndexOf("/"))).children.delete(names(path).at(-1) ?? "");
  }

  #mount(path: string, shown: Directory, type: string, isReadOnly: boolean): void {
    this.#demand(path);
    const entry = this.#entry(path, shown, type, isReadOnly);
    this.#entries.push(entry, ...this.#peersOf(path).map((peer) => ({ ...entry, path: peer })));
  }

  #entry(path: string, shown: Directory, type: string, isReadOnly: boolean): Entry {
    this.#groups += 1;
    const group = this.#groups;
    return { path, root: "/", device: `0:${group}`, type, isReadOnly, directory: shown, group };
  }

  /** The same place in every other mount that is shared with the one that holds it. */
  #peersOf(path: string): string[] {
    const parent = this.#entries
      .filter((entry) => entry.path !== path && isBelow(path, entry.path))
      .reduce((deepest, entry) => (entry.path.length >= deepest.path.length ? entry : deepest));
    return this.#entries
      .filter((entry) => entry !== parent && entry.group === parent.group)
      .map((peer) => peer.path + path.slice(parent.path.length));
  }

  #demand(path: string): Directory {
    return this.#resolve(path) ?? fail(`${path}: no such directory`);
  }

  #resolve(path: string): Directory | undefined {
    let found: Directory | undefined = this.#root.directory;
    let here = "";
    for (const name of names(path)) {
      found = child(found, name);
      here = `${here}/${name}`;
      const at = here;
      found = this.#entries.findLast((entry) => entry.path === at)?.directory ?? found;
    }
    return found;
  }
}

function directory(uid: number, mode: number): Directory {
  return { children: new Map(), files: new Set(), uid, mode };
}

function child(parent: Directory | undefined, name: string): Directory | undefined {
  return parent?.children.get(name);
}

function add(parent: Directory, name: string): Directory {
  const made = directory(0, 0o755);
  parent.children.set(name, made);
  return made;
}

function names(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

function isBelow(path: string, root: string): boolean {
  return path === root || root === "/" || path.startsWith(`${root}/`);
}

function fail(message: string): never {
  throw new PortError("MountFailed", message);
}
