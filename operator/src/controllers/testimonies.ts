// SPDX-License-Identifier: Apache-2.0
import { annotation } from "../api/names.ts";
import type { Hypervisor } from "../api/kinds.ts";
import { readTestimony, type Testimony } from "../core/guest/testimony.ts";
import { type HostWord, type Recall, recallOf } from "../core/server/recall.ts";
import type { Informer } from "../platform/informer.ts";
import type { Clock } from "../ports/clock.ts";
import type { Lease } from "../ports/kube.ts";

interface Sources {
  readonly heartbeats: Pick<Informer<Lease>, "list" | "onChange" | "hasSynced">;
  readonly hypervisors: Pick<Informer<Hypervisor>, "get" | "list" | "onChange">;
  readonly servers: { list(): readonly { readonly metadata: { readonly uid?: string } }[] };
}

/**
 * What the hosts say that the API server has forgotten. A Lease as it was when the leader began says
 * nothing: it may be that of the backup. What is written into it later is of the history that the leader
 * works in, or it would have been refused.
 */
export class Testimonies {
  readonly #sources: Sources;
  readonly #clock: Clock;
  /** By host that has written its Lease since, what it said last. */
  readonly #said = new Map<string, Testimony>();
  /** Hosts that matter to some server; undefined when one may have come or gone. Mostly there are none. */
  #notable: readonly HostWord[] | undefined;
  #older: ReadonlySet<string> = new Set();
  #sinceMs = 0;

  constructor(sources: Sources, clock: Clock) {
    this.#sources = sources;
    this.#clock = clock;
    const { heartbeats, hypervisors } = sources;
    heartbeats.onChange(({ old, current }) => {
      const host = (current ?? old)?.metadata.name ?? "";
      const isSaidNow = current !== undefined && heartbeats.hasSynced;
      const said = current?.metadata.annotations?.[annotation.forgotten];
      this.#hear(host, isSaidNow ? readTestimony(said) : undefined);
    });
    hypervisors.onChange(({ old, current }) => {
      const isKnown = old !== undefined && current !== undefined;
      if (!isKnown || old.status?.state !== current.status?.state) this.#notable = undefined;
    });
  }

  /** Every beat is heard, and hardly one says anything new. */
  #hear(host: string, testimony: Testimony | undefined): void {
    if (!isPlain(this.#said.get(host)) || !isPlain(testimony)) this.#notable = undefined;
    if (testimony === undefined) this.#said.delete(host);
    else this.#said.set(host, testimony);
  }

  /** The leader begins: every cache is whole. */
  begin(): void {
    this.#sinceMs = this.#clock.monotonicMs();
    this.#older = new Set(this.#sources.servers.list().map(({ metadata }) => metadata.uid ?? ""));
  }

  recall(serverUid: string): Recall {
    const ledSeconds = (this.#clock.monotonicMs() - this.#sinceMs) / 1000;
    const isOlder = this.#older.has(serverUid);
    this.#notable ??= this.#words().filter(({ testimony }) => !isPlain(testimony));
    return recallOf(serverUid, this.#notable, { ledSeconds, isOlder });
  }

  /** Whether a guest that the API server has forgotten runs as this user. */
  hasUser(uid: number): boolean {
    for (const testimony of this.#said.values()) {
      if (testimony.guests.some((guest) => guest.uid === uid)) return true;
    }
    return false;
  }

  /** Of every host that is known by its Lease or its Hypervisor. */
  #words(): HostWord[] {
    const { heartbeats, hypervisors } = this.#sources;
    const known = [...heartbeats.list(), ...hypervisors.list()];
    const hosts = new Set(known.map(({ metadata }) => metadata.name));
    return [...hosts].map((host) => ({
      host,
      isUp: hypervisors.get(host)?.status?.state === "up",
      testimony: this.#said.get(host),
    }));
  }
}

/** Whether a host has spoken and has nothing to tell of any server. */
function isPlain(testimony: Testimony | undefined): boolean {
  return testimony !== undefined && !testimony.isCut && testimony.guests.length === 0;
}
