// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import { type ListedOrphan, planOrphans, type Suspect } from "../../core/guest/orphans.ts";
import type { Incarnation, Orphan } from "../../core/guest/paths.ts";
import { isEqual } from "../../core/lib/equal.ts";
import type { Logger } from "../../platform/logging.ts";
import { keyOf } from "../../platform/object-key.ts";
import { pause } from "../../platform/pause.ts";
import type { Clock } from "../../ports/clock.ts";
import { PortError } from "../../ports/errors.ts";
import type { GuestFiles } from "../../ports/guest-files.ts";
import { type KubeStore, resources } from "../../ports/kube.ts";
import { NoDomain } from "../../ports/libvirt.ts";
import type { PodMounts } from "../../ports/pod-mounts.ts";
import type { ReleasedTokens } from "../../ports/released-tokens.ts";
import { incarnationOf } from "./observe.ts";
import type { Sessions } from "./sessions.ts";

export interface OrphanKeeperOptions {
  readonly kube: KubeStore;
  readonly nodeName: string;
  readonly files: GuestFiles;
  readonly released: ReleasedTokens;
  readonly mounts: PodMounts;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when {@link OrphanKeeper.listed} changes. */
  readonly onChange: () => void;
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
  #listed: readonly ListedOrphan[] = [];

  constructor(options: OrphanKeeperOptions) {
    this.#options = options;
  }

  /** For the hypervisor's status. */
  get listed(): readonly ListedOrphan[] {
    return this.#listed;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.look();
      } catch (error) {
        if (!(error instanceof PortError)) throw error;
        this.#options.log.warn(
          { reason: error.reason, cause: error.message },
          "no look at orphans",
        );
      }
      await pause(this.#options.clock, intervalSeconds * 1000, signal);
    }
  }

  /** One look at everything. Throws PortError. */
  async look(): Promise<void> {
    const { files, clock, log } = this.#options;
    await files.finishRemovals();
    const claimed = await this.#claimed();
    const found = (await files.list()).filter((one) => !claimed(one));
    const orphans = await files.listOrphans();
    this.#see([...found, ...orphans]);
    const plan = planOrphans({
      suspects: found.map((one): Suspect => ({ ...one, ...this.#sightOf(one) })),
      orphans: orphans.map((orphan) => ({ ...orphan, ...this.#sightOf(orphan) })),
      nowMs: clock.nowMs(),
    });
    this.#list(plan.listed);
    if (plan.isRefused) {
      log.error({ count: found.length }, "too many guests without an object: none is touched");
    }
    for (const incarnation of plan.setAside) await this.#setAside(incarnation);
    for (const orphan of plan.destroy) {
      await files.destroyOrphan(orphan);
      log.warn({ server: orphan.serverUid, token: orphan.token }, "orphan destroyed");
    }
  }

  /** Read from etcd: that something is missing has to be true, not only in a cache. */
  async #claimed(): Promise<(incarnation: Incarnation) => boolean> {
    const { kube, nodeName, released } = this.#options;
    const { items } = await kube.list<Guest>(resources.guests, {
      fieldSelector: `spec.host=${nodeName}`,
      consistency: "quorum",
    });
    const names = new Set(items.map((guest) => nameOf(incarnationOf(guest))));
    // What was released and kept is a retained disk: somebody asked for it.
    return (incarnation) => names.has(nameOf(incarnation)) || released.has(incarnation);
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

  #list(listed: readonly ListedOrphan[]): void {
    if (isEqual(listed, this.#listed)) return;
    this.#listed = listed;
    this.#options.onChange();
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
    for (const { name, uuid } of (await connection?.listDomains()) ?? []) {
      if (name !== record.name) continue;
      try {
        await connection?.suspendDomain(uuid);
      } catch (error) {
        if (!(error instanceof NoDomain)) throw error;
      }
    }
  }
}

function nameOf(one: Incarnation & { readonly sinceSeconds?: number }): string {
  return `${one.serverUid}/${one.token}/${one.sinceSeconds ?? ""}`;
}
