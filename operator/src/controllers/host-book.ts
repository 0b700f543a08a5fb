// SPDX-License-Identifier: Apache-2.0
import type { Guest, HostAggregate, Hypervisor, Server } from "../api/kinds.ts";
import { isEqual } from "../core/lib/equal.ts";
import { type AssumedClaim, heldClaims } from "../core/scheduler/claims.ts";
import { zoneOfNode } from "../core/scheduler/host-facts.ts";
import type { HostState } from "../core/scheduler/host-state.ts";
import { hostStateOf } from "../core/scheduler/host-states.ts";
import { Membership } from "../core/scheduler/membership.ts";
import type { Informer } from "../platform/informer.ts";
import type { Node, ResourceObject } from "../ports/kube.ts";
import { nodeView } from "./node-view.ts";

type Source<T extends ResourceObject> = Pick<Informer<T>, "get" | "list" | "byIndex" | "onChange">;

/** What the book is kept from. Servers are indexed by uid and host, Guests by server and host. */
export interface HostSources {
  readonly hypervisors: Source<Hypervisor>;
  readonly nodes: Source<Node>;
  readonly aggregates: Source<HostAggregate>;
  readonly servers: Source<Server>;
  readonly guests: Source<Guest>;
}

type Assumption = AssumedClaim & { readonly namespace: string };

/**
 * The hosts as decisions see them. A host is worked out again only after something that it is made from
 * changed: a decision costs as much with a hundred thousand servers as with none.
 */
export class HostBook {
  readonly #sources: HostSources;
  /** Undefined after a host came or went. */
  #list: { readonly states: HostState[]; readonly places: ReadonlyMap<string, number> } | undefined;
  readonly #known = new Map<string, HostState>();
  /** What was assumed of each host when it was worked out. */
  #assumed: ReadonlyMap<string, readonly Assumption[]> = new Map();
  /** Hosts of the list that have to be worked out again. */
  readonly #changed = new Set<string>();
  /** Undefined after an aggregate changed. */
  #membership: Membership | undefined;

  constructor(sources: HostSources) {
    this.#sources = sources;
    sources.hypervisors.onChange(({ key, old, current }) => {
      this.#forget(key);
      if (old === undefined || current === undefined) this.#list = undefined;
    });
    sources.nodes.onChange(({ key }) => this.#forget(key));
    sources.aggregates.onChange(({ old, current }) => {
      if (isEqual(old?.spec, current?.spec)) return;
      this.#membership = undefined;
      this.#list = undefined;
      this.#known.clear();
    });
    sources.guests.onChange(({ old, current }) => {
      this.#forget(old?.spec.host);
      this.#forget(current?.spec.host);
    });
    sources.servers.onChange(({ old, current }) => {
      this.#forget(old?.status?.run?.host);
      this.#forget(current?.status?.run?.host);
      // Guests of earlier runs may hold claims elsewhere in the server's name.
      const uid = (current ?? old)?.metadata.uid ?? "";
      for (const guest of sources.guests.byIndex("server", uid)) this.#forget(guest.spec.host);
    });
  }

  /** In the order of the Hypervisors, with what is assumed. */
  list(assumed: readonly Assumption[]): HostState[] {
    this.#assume(assumed);
    this.#list ??= this.#newList();
    const { states, places } = this.#list;
    for (const name of this.#changed) {
      const place = places.get(name);
      const hypervisor = this.#sources.hypervisors.get(name);
      if (place !== undefined && hypervisor !== undefined)
        states[place] = this.#stateOf(hypervisor);
    }
    this.#changed.clear();
    return [...states];
  }

  /** An assumption begins and ends without a change that would be told of here. */
  #assume(assumed: readonly Assumption[]): void {
    const before = this.#assumed;
    this.#assumed = Map.groupBy(assumed, ({ host }) => host);
    for (const name of [...before.keys(), ...this.#assumed.keys()]) {
      if (!isSame(before.get(name), this.#assumed.get(name))) this.#forget(name);
    }
  }

  #newList() {
    const hypervisors = this.#sources.hypervisors.list();
    return {
      states: hypervisors.map((hypervisor) => this.#stateOf(hypervisor)),
      places: new Map(hypervisors.map(({ metadata }, place) => [metadata.name, place])),
    };
  }

  #forget(host: string | undefined): void {
    if (host === undefined) return;
    this.#known.delete(host);
    this.#changed.add(host);
  }

  #stateOf(hypervisor: Hypervisor): HostState {
    const { name } = hypervisor.metadata;
    const state = this.#known.get(name) ?? this.#workOut(hypervisor);
    this.#known.set(name, state);
    return state;
  }

  /** The availability zone that a node is in. */
  zoneOf(name: string): string | undefined {
    const node = this.#sources.nodes.get(name);
    return node && zoneOfNode(nodeView(node), this.#aggregates());
  }

  #workOut(hypervisor: Hypervisor): HostState {
    const { name } = hypervisor.metadata;
    const node = this.#sources.nodes.get(name);
    const place = { node: node && nodeView(node), membership: this.#aggregates() };
    return hostStateOf(hypervisor, place, this.#claimsOn(name));
  }

  #aggregates(): Membership {
    this.#membership ??= new Membership(this.#sources.aggregates.list());
    return this.#membership;
  }

  #claimsOn(host: string): ReturnType<typeof heldClaims> {
    const assumed = this.#assumed.get(host) ?? [];
    const guests: Guest[] = this.#sources.guests.byIndex("host", host);
    const holders: Server[] = guests.flatMap(({ spec }) =>
      this.#sources.servers.byIndex("uid", spec.server.uid),
    );
    const servers = new Set([...this.#sources.servers.byIndex("host", host), ...holders]);
    return heldClaims({ servers, guests, assumed }).filter((claim) => claim.host === host);
  }
}

/** Assumptions are made once and never changed. */
function isSame(some: readonly Assumption[] = [], others: readonly Assumption[] = []): boolean {
  return some.length === others.length && some.every((one, index) => one === others[index]);
}
