// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import { type ListedOrphan, planOrphans, type Suspect } from "../../core/guest/orphans.ts";
import type { Incarnation, Orphan } from "../../core/guest/paths.ts";
import { Controller, type ControllerOptions } from "../../platform/controller.ts";
import { keyOf } from "../../platform/object-key.ts";
import type { GuestFiles } from "../../ports/guest-files.ts";
import { type KubeStore, resources } from "../../ports/kube.ts";
import type { PodMounts } from "../../ports/pod-mounts.ts";
import { withoutGuest } from "./forgotten-guests.ts";
import { unlessGone } from "./unless-gone.ts";
import type { Sessions } from "./sessions.ts";

export interface OrphanKeeperOptions
  extends Pick<ControllerOptions, "clock" | "random" | "log" | "metrics"> {
  readonly kube: KubeStore;
  readonly nodeName: string;
  /** The node's Guests as the cache has them. */
  readonly guests: () => readonly Guest[];
  readonly files: GuestFiles;
  readonly mounts: PodMounts;
  readonly sessions: Sessions;
}

interface Sight {
  readonly sinceMs: number;
  readonly monotonicMs: number;
}

const intervalSeconds = 60;

/** Looks for guests' directories that no Guest claims, and keeps them from harm (protocol P4). */
export class OrphanKeeper {
  readonly #options: OrphanKeeperOptions;
  /** When this process saw each of them first, by its name. */
  #sights = new Map<string, Sight>();
  #listed: ListedOrphan[] = [];

  constructor(options: OrphanKeeperOptions) {
    this.#options = options;
  }

  /** For the hypervisor's status. */
  get listed(): ListedOrphan[] {
    return this.#listed;
  }

  run(signal: AbortSignal): Promise<void> {
    const { nodeName } = this.#options;
    const controller = new Controller({
      ...this.#options,
      name: "orphans",
      workers: 1,
      reconcile: async () => {
        await this.look();
        return { kind: "again", afterSeconds: intervalSeconds };
      },
    });
    controller.enqueue(nodeName);
    return controller.run(signal);
  }

  /** One look at everything. Throws PortError. */
  async look(): Promise<void> {
    const { files, clock, log } = this.#options;
    await files.finishRemovals();
    const found = await this.#unclaimed();
    const orphans = await files.listOrphans();
    this.#see([...found, ...orphans]);
    const plan = planOrphans({
      suspects: found.map((one): Suspect => ({ ...one, ...this.#sightOf(one) })),
      orphans: orphans.map((orphan) => ({ ...orphan, ...this.#sightOf(orphan) })),
      nowMs: clock.nowMs(),
    });
    this.#listed = plan.listed;
    if (plan.isRefused) {
      log.error({ count: found.length }, "too many guests without an object: none is touched");
    }
    for (const incarnation of plan.setAside) await this.#setAside(incarnation);
    for (const orphan of plan.destroy) {
      await files.destroyOrphan(orphan);
      log.warn({ server: orphan.serverUid, token: orphan.token }, "orphan destroyed");
    }
  }

  /** The cache may be behind: what it says is missing is looked for in etcd before anybody believes it. */
  async #unclaimed(): Promise<Incarnation[]> {
    const { kube, nodeName, files, guests } = this.#options;
    const missing = withoutGuest(await files.list(), guests());
    if (missing.length === 0) return [];
    const { items } = await kube.list(resources.guests, {
      fieldSelector: `spec.host=${nodeName}`,
      consistency: "quorum",
    });
    const unclaimed: Incarnation[] = [];
    for (const incarnation of withoutGuest(missing, items)) {
      const record = await files.readRecord(incarnation);
      if (record?.isRetained !== true) unclaimed.push(incarnation);
    }
    return unclaimed;
  }

  #see(found: readonly Incarnation[]): void {
    const { clock } = this.#options;
    const first = { sinceMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    this.#sights = new Map(
      found.map((one) => [nameOf(one), this.#sights.get(nameOf(one)) ?? first]),
    );
  }

  #sightOf(one: Incarnation): Pick<Suspect, "sinceMs" | "seenSeconds"> {
    const nowMs = this.#options.clock.monotonicMs();
    const { sinceMs = 0, monotonicMs = nowMs } = this.#sights.get(nameOf(one)) ?? {};
    return { sinceMs, seenSeconds: (nowMs - monotonicMs) / 1000 };
  }

  async #setAside(incarnation: Incarnation): Promise<void> {
    const { files, clock, log } = this.#options;
    await this.#suspend(incarnation);
    const orphan: Orphan = { ...incarnation, sinceSeconds: Math.floor(clock.nowMs() / 1000) };
    await files.setAside(orphan);
    log.warn({ server: orphan.serverUid, token: orphan.token }, "orphan paused and set aside");
  }

  /** A guest that runs goes on with its disk, which moves with it; its vCPUs stand still. */
  async #suspend(incarnation: Incarnation): Promise<void> {
    const { files, mounts, sessions } = this.#options;
    const record = await files.readRecord(incarnation);
    const pod = record && mounts.current(record);
    if (record === undefined || pod === undefined) return;
    const connection = await sessions.connection(keyOf(record), pod);
    if (connection === undefined) return;
    const domains = await connection.listDomains();
    for (const { uuid } of domains.filter(({ name }) => name === record.name)) {
      await unlessGone(connection.suspendDomain(uuid));
    }
    sessions.drop(keyOf(record));
  }
}

function nameOf(one: Incarnation & { readonly sinceSeconds?: number }): string {
  return `${one.serverUid}/${one.token}/${one.sinceSeconds ?? ""}`;
}
