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

/** A host, worked out with what was assumed of it then. */
interface Known {
  readonly state: HostState;
  readonly assumed: readonly Assumption[];
}

/**
 * The hosts as decisions see them. A host is worked out again only after something that it is made from
 * changed: a decision costs as much with a hundred thousand servers as with none.
 */
export class HostBook {
  readonly #sources: HostSources;
  readonly #known = new Map<string, Known>();
  /** Undefined after an aggregate changed. */
  #membership: Membership | undefined;

  constructor(sources: HostSources) {
    this.#sources = sources;
    const forget = (host: string | undefined): void => {
      if (host !== undefined) this.#known.delete(host);
    };
    sources.hypervisors.onChange(({ key }) => forget(key));
    sources.nodes.onChange(({ key }) => forget(key));
    sources.aggregates.onChange(({ old, current }) => {
      if (isEqual(old?.spec, current?.spec)) return;
      this.#membership = undefined;
      this.#known.clear();
    });
    sources.guests.onChange(({ old, current }) => {
      forget(old?.spec.host);
      forget(current?.spec.host);
    });
    sources.servers.onChange(({ old, current }) => {
      forget(old?.status?.run?.host);
      forget(current?.status?.run?.host);
      // Guests of earlier runs may hold claims elsewhere in the server's name.
      const uid = (current ?? old)?.metadata.uid ?? "";
      for (const guest of sources.guests.byIndex("server", uid)) forget(guest.spec.host);
    });
  }

  /** In the order of the Hypervisors, with what is assumed. */
  list(assumed: readonly Assumption[]): HostState[] {
    const byHost = Map.groupBy(assumed, ({ host }) => host);
    return this.#sources.hypervisors.list().map((hypervisor) => {
      const { name } = hypervisor.metadata;
      const assumedHere = byHost.get(name) ?? [];
      const known = this.#known.get(name);
      // An assumption begins and ends without a change that would be told of here.
      if (known !== undefined && isSame(known.assumed, assumedHere)) return known.state;
      const state = this.#workOut(hypervisor, assumedHere);
      this.#known.set(name, { state, assumed: assumedHere });
      return state;
    });
  }

  /** The availability zone that a node is in. */
  zoneOf(name: string): string | undefined {
    const node = this.#sources.nodes.get(name);
    return node && zoneOfNode(nodeView(node), this.#aggregates());
  }

  #workOut(hypervisor: Hypervisor, assumed: readonly Assumption[]): HostState {
    const { name } = hypervisor.metadata;
    const node = this.#sources.nodes.get(name);
    const place = { node: node && nodeView(node), membership: this.#aggregates() };
    return hostStateOf(hypervisor, place, this.#claimsOn(name, assumed));
  }

  #aggregates(): Membership {
    this.#membership ??= new Membership(this.#sources.aggregates.list());
    return this.#membership;
  }

  #claimsOn(host: string, assumed: readonly Assumption[]): ReturnType<typeof heldClaims> {
    const guests: Guest[] = this.#sources.guests.byIndex("host", host);
    const holders: Server[] = guests.flatMap(({ spec }) =>
      this.#sources.servers.byIndex("uid", spec.server.uid),
    );
    const servers = new Set([...this.#sources.servers.byIndex("host", host), ...holders]);
    return heldClaims({ servers, guests, assumed }).filter((claim) => claim.host === host);
  }
}

/** Assumptions are made once and never changed. */
function isSame(some: readonly Assumption[], others: readonly Assumption[]): boolean {
  return some.length === others.length && some.every((one, index) => one === others[index]);
}
