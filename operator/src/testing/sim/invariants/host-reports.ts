// SPDX-License-Identifier: Apache-2.0
import type { Guest, Hypervisor } from "../../../api/kinds.ts";
import type { Inventories } from "../../../core/placement/inventory.ts";
import { resources } from "../../../ports/kube.ts";
import type { ApiWrite } from "../world/api.ts";
import type { World } from "../world/world.ts";

/** A host may judge by what it learned of itself this long before or after it said so. */
export const staleMsMax = 150_000;

/** Which state of a Hypervisor's spec. */
interface Version {
  readonly uid: string | undefined;
  readonly generation: number;
}

/** What an agent said of its host, and of which version of its spec it knew then. */
interface Report extends Version {
  readonly host: string;
  readonly actor: string;
  readonly atMs: number;
  readonly inventory: Inventories;
}

/** An acceptance of a claim, and the versions of its host's spec that it may have been judged by. */
export interface Judgement {
  readonly host: string;
  readonly atMs: number;
  readonly oldest: Version | undefined;
  readonly newest: Version | undefined;
}

/** What hosts said of themselves, and what of it those may have known who accept claims. */
export class HostReports {
  readonly #world: World;
  readonly #reports: Report[] = [];
  /** By the name of a process: what was stored when it began. It reads all of it before it judges. */
  readonly #begun = new Map<string, Version | undefined>();
  /** How many reports there were when a Guest came to be, by its uid. */
  readonly #births = new Map<string | undefined, number>();
  /** Who begins may have read what was true a while before. */
  #isCacheStale = false;

  constructor(world: World) {
    this.#world = world;
    world.api.onWrite((write) => this.#hear(write));
  }

  /** Looks which agents began. Call after every step. */
  look(): void {
    const { nodes, api } = this.#world;
    if (api.kube.watchLagMs > 0) this.#isCacheStale = true;
    for (const { name, agent } of nodes) {
      const process = agent.process?.name;
      if (process === undefined || this.#begun.has(process)) continue;
      this.#begun.set(process, this.#stored(name));
    }
  }

  /** Call when the acceptance of `guest` is stored. */
  judgement({ metadata, spec: { host } }: Guest, actor: string): Judgement {
    const { timeline, people } = this.#world;
    const { nowMs: atMs } = timeline;
    // A restored API server counts the versions of its objects anew.
    if (people.restores > 0) return { host, atMs, oldest: undefined, newest: undefined };
    const earlier = this.#reports.slice(0, this.#births.get(metadata.uid) ?? 0);
    const said = earlier.findLast((report) => report.host === host && report.actor === actor);
    const begun = this.#isCacheStale ? undefined : this.#begun.get(actor);
    return { host, atMs, oldest: said ?? begun, newest: this.#stored(host) };
  }

  /** What it may have been judged by. */
  inventoriesFor({ host, atMs, oldest, newest }: Judgement): readonly Inventories[] {
    const ofHost = this.#reports.filter((report) => report.host === host);
    // The last one before the window holds at its beginning.
    const before = ofHost.findLast((report) => report.atMs < atMs - staleMsMax);
    const within = ofHost.filter((report) => Math.abs(report.atMs - atMs) <= staleMsMax);
    const known = before === undefined ? within : [before, ...within];
    return known
      .filter((report) => !isOlder(report, oldest) && !isOlder(newest, report))
      .map(({ inventory }) => inventory);
  }

  #hear({ kind, verb, actor, object }: ApiWrite): void {
    const { nowMs: atMs } = this.#world.timeline;
    if (kind === "Guest" && verb === "create") {
      this.#births.set(object?.metadata.uid, this.#reports.length);
    }
    if (kind !== "Hypervisor" || object === undefined) return;
    const { metadata, status: { inventory, observedGeneration = 0 } = {} } = object as Hypervisor;
    const { name: host, uid } = metadata;
    if (inventory === undefined) return;
    this.#reports.push({ host, actor, atMs, uid, generation: observedGeneration, inventory });
  }

  #stored(host: string): Version | undefined {
    const stored = this.#world.api.kube.stored(resources.hypervisors);
    const { uid, generation = 0 } =
      stored.find(({ metadata }) => metadata.name === host)?.metadata ?? {};
    return { uid, generation };
  }
}

function isOlder(one: Version | undefined, other: Version | undefined): boolean {
  if (one === undefined || other === undefined || one.uid !== other.uid) return false;
  return one.generation < other.generation;
}
