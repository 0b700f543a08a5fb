// SPDX-License-Identifier: Apache-2.0
import type { MetadataView } from "../core/guest/view.ts";
import { keyOf } from "../platform/object-key.ts";
import { Unavailable } from "../ports/errors.ts";
import type { ObjectRef } from "../ports/kube.ts";
import type { Libvirt } from "../ports/libvirt.ts";
import type { PodMount, PodMounts } from "../ports/pod-mounts.ts";
import type { PodRuntime } from "../ports/pod-runtime.ts";
import type { Processes } from "../ports/processes.ts";
import { type FakeDaemon, FakeLibvirt } from "./fake-libvirt.ts";

/** A server pod on the node: its libvirtd, and what its init says. */
export interface FakePod extends PodMount {
  readonly guest: ObjectRef;
  readonly uid: number;
  readonly daemon: FakeDaemon;
  isTerminating: boolean;
  /** What its metadata program says. */
  metadata: MetadataView;
  /** How often the agent said that it shuts the guest down. */
  announcements: number;
  /** What its DHCP server gives out. */
  leases: string;
  /** libvirt's last word on each domain, as its log keeps it. */
  readonly lastWords: Map<string, string>;
  readonly watchers: Set<() => void>;
}

/** The server pods of one node with all that the agent sees of them. */
export class FakePods implements PodMounts, PodRuntime, Processes {
  readonly #libvirt = new FakeLibvirt();
  readonly #pods: FakePod[] = [];
  readonly #handlers: ((guest: ObjectRef) => void)[] = [];
  #uidLast = 0;

  /** Every libvirtd of the node. */
  readonly libvirt: Libvirt = {
    connect: (path, options) => {
      if (this.#pods.some((pod) => this.libvirtSocket(pod) === path)) {
        return this.#libvirt.connect(path, options);
      }
      throw new Unavailable(`nobody listens at ${path}`);
    },
  };

  /** The kubelet starts a pod with the guest's directory. */
  start(guest: ObjectRef, uid: number): FakePod {
    this.#uidLast += 1;
    const podUid = `pod-${this.#uidLast}`;
    const directory = `/p/${podUid}`;
    const daemon = this.#libvirt.daemon(`${directory}/socket`);
    const lastWords = lastWordsOf(daemon);
    const state = {
      isTerminating: false,
      announcements: 0,
      leases: "",
      lastWords,
      watchers: new Set<never>(),
    };
    const metadata = { kind: "ready" } as const;
    const pod: FakePod = { podUid, directory, guest, uid, daemon, metadata, ...state };
    this.#pods.push(pod);
    this.#announce(guest);
    return pod;
  }

  /** The kubelet asks the pod to end. */
  terminate(pod: FakePod): void {
    pod.isTerminating = true;
    for (const watcher of pod.watchers) watcher();
  }

  /** Every process of the pod is gone, and so is its volume. */
  remove(pod: FakePod): void {
    pod.daemon.losePower();
    this.#pods.splice(this.#pods.indexOf(pod), 1);
    this.#announce(pod.guest);
  }

  removeAll(): void {
    for (const pod of [...this.#pods]) this.remove(pod);
  }

  /** Every domain of the node, whichever libvirtd it has. */
  domains() {
    return this.#pods.flatMap(({ daemon }) => daemon.guests());
  }

  /** The agent that listened was killed. */
  forgetHandlers(): void {
    this.#handlers.length = 0;
    for (const pod of this.#pods) pod.watchers.clear();
  }

  current(guest: ObjectRef): FakePod | undefined {
    return this.#pods.findLast((pod) => keyOf(pod.guest) === keyOf(guest));
  }

  onChange(handler: (guest: ObjectRef) => void): void {
    this.#handlers.push(handler);
  }

  libvirtSocket(pod: PodMount): string {
    return `${pod.directory}/socket`;
  }

  async isTerminating(pod: PodMount): Promise<boolean> {
    return this.#find(pod)?.isTerminating === true;
  }

  async announceShutdown(pod: PodMount): Promise<void> {
    const found = this.#find(pod);
    if (found !== undefined) found.announcements += 1;
  }

  async writeLeases(pod: PodMount, text: string): Promise<void> {
    const found = this.#find(pod);
    if (found !== undefined) found.leases = text;
  }

  async lastWord(pod: PodMount, domain: string): Promise<string | undefined> {
    return this.#find(pod)?.lastWords.get(domain);
  }

  async metadata(pod: PodMount): Promise<MetadataView> {
    return this.#find(pod)?.metadata ?? { kind: "waiting", message: undefined };
  }

  watch(pod: PodMount, handler: () => void): () => void {
    const watchers = this.#find(pod)?.watchers;
    watchers?.add(handler);
    return () => watchers?.delete(handler);
  }

  async hasQemu(uid: number): Promise<boolean> {
    return this.#pods.some((pod) => pod.uid === uid && pod.daemon.guests().length > 0);
  }

  #find({ podUid }: PodMount): FakePod | undefined {
    return this.#pods.find((pod) => pod.podUid === podUid);
  }

  #announce(guest: ObjectRef): void {
    for (const handler of this.#handlers) handler(guest);
  }
}

/** libvirt logs how a domain ended before it tells of it, and goes on with that after a restart. */
export function lastWordsOf(daemon: FakeDaemon): Map<string, string> {
  const words = new Map<string, string>();
  const listen = (): void => {
    daemon.open().subscribe((event) => {
      if (event.kind !== "lifecycle" || event.event !== "stopped") return;
      words.set(event.domain.name, event.detail === "failed" ? "crashed" : event.detail);
    });
  };
  const start = daemon.start.bind(daemon);
  daemon.start = () => {
    start();
    listen();
  };
  listen();
  return words;
}
