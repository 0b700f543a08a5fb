// SPDX-License-Identifier: Apache-2.0
import { annotation } from "../../../api/names.ts";
import type { Incarnation } from "../../../core/guest/paths.ts";
import { type ResourceObject, resources } from "../../../ports/kube.ts";
import { heartbeatNamespace } from "../../access/identities.ts";
import type { Api } from "./api.ts";
import type { SimNode } from "./node.ts";
import type { ServerContainer } from "./server-container.ts";
import type { Timeline } from "./timeline.ts";

interface Forgotten {
  readonly host: string;
  readonly restoredMs: number;
}

/** A host that was not heard within this time of a restore may run what nobody knows of. */
const hearingMs = 45_000;

/** Guests that a restored API server does not know. */
export class Forgetting {
  readonly #api: Api;
  readonly #timeline: Timeline;
  readonly #guests = new Map<ServerContainer, Forgotten>();
  #restoredMs: number | undefined;
  /** Hosts that the last backup knows: by their Lease or their Hypervisor. */
  #known: ReadonlySet<string> = new Set();
  /** Hosts that have had what a restored API server did not know. */
  readonly #forgetful = new Set<string>();
  /** When each host said first since the last restore what it has. */
  readonly #heardMs = new Map<string, number>();

  constructor(api: Api, timeline: Timeline) {
    this.#api = api;
    this.#timeline = timeline;
    api.onWrite(({ kind, key, object }) => {
      const [namespace, host] = key.split("/");
      if (kind !== "Lease" || namespace !== heartbeatNamespace || host === undefined) return;
      if (speaks(object) && !this.#heardMs.has(host)) this.#heardMs.set(host, timeline.nowMs);
    });
  }

  /** The API server went back in time. */
  async lookAnew(nodes: readonly SimNode[]): Promise<void> {
    this.#heardMs.clear();
    const restoredMs = this.#timeline.nowMs;
    this.#restoredMs = restoredMs;
    const { kube } = this.#api;
    const words = [...kube.stored(resources.leases), ...kube.stored(resources.hypervisors)];
    this.#known = new Set(words.map(({ metadata }) => metadata.name));
    const { items } = await this.#api.kube.list(resources.guests, { consistency: "quorum" });
    for (const node of nodes) {
      for (const container of node.containers.values()) {
        const { serverUid, token } = container.incarnation;
        const isKnown = items.some(
          ({ spec }) =>
            spec.host === node.name && spec.server.uid === serverUid && spec.token === token,
        );
        if (!isKnown) this.#guests.set(container, { host: node.name, restoredMs });
      }
      const isForgotten = ({ serverUid, token }: Incarnation): boolean =>
        !items.some(({ spec }) => spec.server.uid === serverUid && spec.token === token);
      if ((await node.disk.files.list()).some(isForgotten)) this.#forgetful.add(node.name);
    }
  }

  /**
   * The rule "silent host": a host that a restore finds cut off, or dead with its guests alive, cannot
   * say what it has. Nobody can close that; docs/howto/restore.md says how to restore without it.
   */
  isBeyondRules(container: ServerContainer): boolean {
    const forgotten = this.#guests.get(container);
    return forgotten !== undefined && this.#isUnheard(forgotten.host, forgotten.restoredMs);
  }

  /** Whether the host may take back more than a restored API server lets one expect. */
  hasForgotten(host: string): boolean {
    return this.#forgetful.has(host);
  }

  /** Whether nobody waits for what the host has: the last restore made it a silent one, or a stranger. */
  isPassedOver(host: string): boolean {
    if (this.#restoredMs === undefined) return false;
    return !this.#known.has(host) || this.#isUnheard(host, this.#restoredMs);
  }

  #isUnheard(host: string, restoredMs: number): boolean {
    const dueMs = restoredMs + hearingMs;
    return this.#timeline.nowMs > dueMs && (this.#heardMs.get(host) ?? Infinity) > dueMs;
  }
}

function speaks(object: ResourceObject | undefined): boolean {
  return object?.metadata.annotations?.[annotation.forgotten] !== undefined;
}
