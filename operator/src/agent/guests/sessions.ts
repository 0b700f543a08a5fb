// SPDX-License-Identifier: Apache-2.0
import type { Logger } from "../../platform/logging.ts";
import { TimedOut, Unavailable } from "../../ports/errors.ts";
import { type Libvirt, type LibvirtConnection, ProtocolError } from "../../ports/libvirt.ts";
import type { PodMount } from "../../ports/pod-mounts.ts";
import type { PodRuntime } from "../../ports/pod-runtime.ts";

interface Session {
  readonly podUid: string;
  readonly unwatch: () => void;
  connection: LibvirtConnection | undefined;
}

export interface SessionsOptions {
  readonly libvirt: Libvirt;
  readonly runtime: PodRuntime;
  readonly log: Logger;
  /** Called when something happened to the guest of this key, or to the way to it. */
  readonly onEvent: (key: string) => void;
}

const connectSeconds = 5;

/** One connection to the libvirtd of each guest's pod, made again when it breaks. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** The connection to the libvirtd of that pod; undefined while it does not answer. */
  async connection(key: string, pod: PodMount): Promise<LibvirtConnection | undefined> {
    const session = this.#sessionOf(key, pod);
    session.connection ??= await this.#connect(key, pod);
    return session.connection;
  }

  /** Ends what there is for this guest; its domain lives on. */
  drop(key: string): void {
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    session?.unwatch();
    session?.connection?.close();
  }

  close(): void {
    for (const key of [...this.#sessions.keys()]) this.drop(key);
  }

  #sessionOf(key: string, pod: PodMount): Session {
    const known = this.#sessions.get(key);
    if (known?.podUid === pod.podUid) return known;
    this.drop(key);
    const unwatch = this.#options.runtime.watch(pod, () => this.#options.onEvent(key));
    const session = { podUid: pod.podUid, unwatch, connection: undefined };
    this.#sessions.set(key, session);
    return session;
  }

  async #connect(key: string, pod: PodMount): Promise<LibvirtConnection | undefined> {
    const { libvirt, runtime, log, onEvent } = this.#options;
    const socket = runtime.libvirtSocket(pod);
    try {
      const connection = await libvirt.connect(socket, { timeoutSeconds: connectSeconds });
      connection.subscribe(() => onEvent(key));
      void this.#watchClosing(key, connection);
      return connection;
    } catch (error) {
      // That nobody answers is what was asked: the pod is starting, or its libvirtd is.
      const isSilence = error instanceof Unavailable || error instanceof TimedOut;
      if (!isSilence && !(error instanceof ProtocolError)) throw error;
      log.debug({ guest: key, pod: pod.podUid, cause: error.message }, "libvirt does not answer");
      return undefined;
    }
  }

  async #watchClosing(key: string, connection: LibvirtConnection): Promise<void> {
    const reason = await connection.closed;
    const session = this.#sessions.get(key);
    if (session?.connection !== connection) return;
    session.connection = undefined;
    this.#options.log.debug({ guest: key, cause: reason?.message }, "libvirt left");
    this.#options.onEvent(key);
  }
}
