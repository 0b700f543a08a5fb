// SPDX-License-Identifier: Apache-2.0
import { podDirectory } from "../../core/guest/paths.ts";
import {
  formatPodRecord,
  parsePodRecord,
  podOfRecordFile,
  podRecordFile,
  type PodRecord,
} from "../../core/guest/pod-record.ts";
import { keyOf } from "../../platform/object-key.ts";
import type { Logger } from "../../platform/logging.ts";
import type { ObjectRef } from "../../ports/kube.ts";
import type { Mounts } from "../../ports/mounts.ts";
import type { NodeFiles } from "../../ports/node-files.ts";
import type { PodMount, PodMounts } from "../../ports/pod-mounts.ts";

/** Which pod has which Guest's directory, kept in a file for each pod. */
export class PodRecords implements PodMounts {
  readonly #pods: string;
  readonly #files: NodeFiles;
  readonly #log: Logger;
  readonly #records = new Map<string, PodRecord>();
  readonly #handlers: ((guest: ObjectRef) => void)[] = [];

  /** `pods` is the directory that the trees and the records stand in. */
  constructor(pods: string, files: NodeFiles, log: Logger) {
    this.#pods = pods;
    this.#files = files;
    this.#log = log;
  }

  /**
   * Reads what an earlier agent wrote. A record whose tree does not stand is dropped: the node was
   * booted since, and the kubelet will ask anew or never again.
   */
  async load(mounts: Mounts): Promise<void> {
    const standing = new Set((await mounts.list()).map(({ path }) => path));
    for (const name of await this.#files.list(this.#pods)) {
      const podUid = podOfRecordFile(name);
      if (podUid === undefined) continue;
      const record = parsePodRecord(
        (await this.#files.read(podRecordFile(this.#pods, podUid))) ?? "",
      );
      if (record?.podUid === podUid && standing.has(podDirectory(this.#pods, podUid))) {
        this.#records.set(podUid, record);
      } else {
        this.#log.info({ pod: podUid }, "dropped the record of a pod without mounts");
        await this.#files.remove(podRecordFile(this.#pods, podUid));
      }
    }
  }

  get(podUid: string): PodRecord | undefined {
    return this.#records.get(podUid);
  }

  /** Done when the record is on the disk. A pod that has one keeps it. */
  async add(podUid: string, guest: { readonly namespace: string; readonly name: string }) {
    const before = this.#records.get(podUid);
    const orders = [...this.#records.values()].map(({ order }) => order);
    const record: PodRecord = {
      podUid,
      namespace: guest.namespace,
      guest: guest.name,
      order: before?.order ?? Math.max(0, ...orders) + 1,
    };
    await this.#files.write(podRecordFile(this.#pods, podUid), formatPodRecord(record));
    this.#records.set(podUid, record);
  }

  /** Says that the tree of a pod with a record is complete now. */
  announce(podUid: string): void {
    const record = this.#records.get(podUid);
    if (record !== undefined) this.#notify(record);
  }

  /** Safe to call again. */
  async remove(podUid: string): Promise<void> {
    const record = this.#records.get(podUid);
    await this.#files.remove(podRecordFile(this.#pods, podUid));
    this.#records.delete(podUid);
    if (record !== undefined) this.#notify(record);
  }

  current(guest: ObjectRef): PodMount | undefined {
    const [newest] = [...this.#records.values()]
      .filter((record) => keyOf(refOf(record)) === keyOf(guest))
      .toSorted((one, other) => other.order - one.order);
    return newest && { podUid: newest.podUid, directory: podDirectory(this.#pods, newest.podUid) };
  }

  onChange(handler: (guest: ObjectRef) => void): void {
    this.#handlers.push(handler);
  }

  #notify(record: PodRecord): void {
    for (const handler of this.#handlers) handler(refOf(record));
  }
}

function refOf({ namespace, guest }: PodRecord): ObjectRef {
  return { namespace, name: guest };
}
