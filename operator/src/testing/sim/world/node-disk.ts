// SPDX-License-Identifier: Apache-2.0
import {
  guestDirectory,
  type Incarnation,
  incarnationAt,
  type NodePaths,
  serverDirectory,
} from "../../../core/guest/paths.ts";
import { PortError, Refused } from "../../../ports/errors.ts";
import type { GuestDisks } from "../../../ports/guest-disks.ts";
import type { GuestFiles } from "../../../ports/guest-files.ts";
import type { Mounts } from "../../../ports/mounts.ts";
import type { NodeFiles } from "../../../ports/node-files.ts";
import type { ReleasedTokens } from "../../../ports/released-tokens.ts";
import { FakeGuestFiles, FakeReleasedTokens } from "../../fake-guest-files.ts";
import { FakeImageCache } from "../../fake-image-cache.ts";
import { FakeMounts } from "../../fake-mounts.ts";
import { FakeNodeFiles } from "../../fake-node-files.ts";

const passage = { uid: 0, mode: 0o711 } as const;
export const kubeletPods = "/var/lib/kubelet/pods";

/** What of a node survives a power cut, and the mounts over it, which do not. */
export class NodeDisk {
  readonly files = new FakeGuestFiles();
  readonly released = new FakeReleasedTokens();
  readonly images = new FakeImageCache();
  readonly #texts = new FakeNodeFiles();
  readonly #paths: NodePaths;
  #mounts: FakeMounts;
  #binds = new Map<string, string>();
  /** Where the kubelet asked for the volume of each pod, by the pod's uid, until it was taken down. */
  readonly volumes = new Map<string, string>();
  isFull = false;

  constructor(paths: NodePaths) {
    this.#paths = paths;
    this.#mounts = this.#bare();
  }

  /** The node was booted: nothing is mounted. */
  reboot(): void {
    this.#mounts = this.#bare();
    this.#binds = new Map();
  }

  /** The incarnation whose directory a pod has mounted; undefined when it has none. */
  mountedIn(podDirectory: string): Incarnation | undefined {
    const [serverUid = "", token = ""] =
      this.#binds.get(`${podDirectory}/vm`)?.split("/").slice(-2) ?? [];
    return incarnationAt(serverUid, token);
  }

  /** What the kubelet does before it asks for a volume. */
  async makePodDirectory(podUid: string, volume: string): Promise<void> {
    let path = `${kubeletPods}/${podUid}`;
    await this.#mounts.makeDirectory(path, passage);
    for (const name of ["volumes", "kubernetes.io~csi", volume]) {
      path = `${path}/${name}`;
      await this.#mounts.makeDirectory(path, passage);
    }
  }

  readonly nodeFiles: NodeFiles = {
    read: (path) => this.#texts.read(path),
    write: async (path, text) => {
      this.#needRoom();
      await this.#texts.write(path, text);
    },
    remove: (path) => this.#texts.remove(path),
    list: (directory) => this.#texts.list(directory),
  };

  readonly releasedTokens: ReleasedTokens = {
    has: (incarnation) => this.released.has(incarnation),
    add: async (incarnation) => {
      this.#needRoom();
      await this.released.add(incarnation);
    },
  };

  /** The same directories as `mounts` makes: both ports stand on one file system. */
  readonly guestFiles: GuestFiles = {
    list: () => this.files.list(),
    find: (incarnation) => this.files.find(incarnation),
    makeDirectory: async (incarnation, uid) => {
      await this.#makeTree(incarnation, uid);
      await this.files.makeDirectory(incarnation, uid);
    },
    showBase: (incarnation, digest) => this.files.showBase(incarnation, digest),
    writeDomainXml: (incarnation, xml) => this.files.writeDomainXml(incarnation, xml),
    readRecord: (incarnation) => this.files.readRecord(incarnation),
    writeRecord: async (incarnation, record) => {
      this.#needRoom();
      await this.files.writeRecord(incarnation, record);
    },
    remove: async (incarnation) => {
      await this.#mounts.removeDirectory(guestDirectory(this.#paths.guests, incarnation));
      await this.files.remove(incarnation);
    },
    finishRemovals: () => this.files.finishRemovals(),
    setAside: async (orphan) => {
      await this.#mounts.removeDirectory(guestDirectory(this.#paths.guests, orphan));
      await this.files.setAside(orphan);
    },
    listOrphans: () => this.files.listOrphans(),
    readOrphanRecord: (orphan) => this.files.readOrphanRecord(orphan),
    destroyOrphan: (orphan) => this.files.destroyOrphan(orphan),
  };

  readonly disks: GuestDisks = {
    inspect: async (base) => {
      if (!this.images.images.has(base)) throw new Refused("ImageInvalid", "no such image");
      const plain = { hasBackingFile: false, hasDataFile: false, isEncrypted: false };
      return { virtualSizeBytes: 2 ** 30, ...plain };
    },
    createRootDisk: async ({ incarnation, base, sizeBytes }) => {
      this.#needRoom();
      this.files.addDisk(incarnation, { base, sizeBytes, content: "" });
    },
  };

  readonly mounts: Mounts = {
    list: () => this.#mounts.list(),
    mountMemory: (path, options) => this.#mounts.mountMemory(path, options),
    bind: async (source, path, access) => {
      await this.#mounts.bind(source, path, access);
      this.#binds.set(path, source);
    },
    bindTree: (source, path) => this.#mounts.bindTree(source, path),
    unmount: async (path, how) => {
      await this.#mounts.unmount(path, how);
      this.#binds.delete(path);
    },
    makeDirectory: async (path, owner) => {
      await this.#mounts.makeDirectory(path, owner);
      const [serverUid = "", token = ""] = path.split("/").slice(-2);
      const incarnation = incarnationAt(serverUid, token);
      const isGuests = path.startsWith(`${this.#paths.guests}/`);
      if (incarnation !== undefined && isGuests) {
        await this.files.makeDirectory(incarnation, owner.uid);
      }
    },
    removeDirectory: (path) => this.#mounts.removeDirectory(path),
  };

  #bare(): FakeMounts {
    return new FakeMounts([this.#paths.root, kubeletPods]);
  }

  async #makeTree(incarnation: Incarnation, uid: number): Promise<void> {
    const { guests } = this.#paths;
    await this.#mounts.makeDirectory(serverDirectory(guests, incarnation.serverUid), passage);
    await this.#mounts.makeDirectory(guestDirectory(guests, incarnation), { uid, mode: 0o700 });
  }

  #needRoom(): void {
    if (this.isFull) throw new PortError("FileFailed", "no space left on device");
  }
}
