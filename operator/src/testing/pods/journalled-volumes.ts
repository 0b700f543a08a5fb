// SPDX-License-Identifier: Apache-2.0
import type { PortError } from "../../ports/errors.ts";
import type { PublishRequest, VolumeDriver, VolumeNode } from "../../ports/plugin-sockets.ts";

export interface VolumeCall {
  readonly verb: "publish" | "unpublish";
  readonly podUid: string;
  readonly isRefused: boolean;
}

/** What the driver does to the node's file system. */
export interface VolumePlace {
  make(targetPath: string): Promise<void>;
  remove(targetPath: string): Promise<void>;
}

/** A driver of inline volumes that are empty directories; it keeps a journal of what it was asked. */
export class JournalledVolumes implements VolumeNode {
  readonly calls: VolumeCall[] = [];
  /** What it answers instead of doing anything. */
  publishFault: PortError | undefined;
  unpublishFault: PortError | undefined;
  readonly #place: VolumePlace;

  constructor(place: VolumePlace) {
    this.#place = place;
  }

  async publish({ targetPath }: PublishRequest): Promise<void> {
    this.#note("publish", targetPath, this.publishFault);
    await this.#place.make(targetPath);
  }

  async unpublish({ targetPath }: { readonly targetPath: string }): Promise<void> {
    this.#note("unpublish", targetPath, this.unpublishFault);
    await this.#place.remove(targetPath);
  }

  /** What was asked for one pod, in order; what repeats itself once. */
  of(podUid: string | undefined): string[] {
    const words = this.calls
      .filter((call) => call.podUid === podUid)
      .map(({ verb, isRefused }) => (isRefused ? `${verb} refused` : verb));
    return words.filter((word, index) => word !== words[index - 1]);
  }

  asDriver(nodeName: string, name: string): VolumeDriver {
    return { name, version: "1", nodeName, node: this, onRegistration: () => undefined };
  }

  #note(verb: VolumeCall["verb"], targetPath: string, fault: PortError | undefined): void {
    const podUid = /\/pods\/([^/]+)\//.exec(targetPath)?.[1] ?? "";
    this.calls.push({ verb, podUid, isRefused: fault !== undefined });
    if (fault !== undefined) throw fault;
  }
}
