// SPDX-License-Identifier: Apache-2.0
import { apiVersion } from "../../api/define-kind.ts";
import { type Flavor, kinds } from "../../api/kinds.ts";
import { flavorStatusOf, type FlavorWorld } from "../../core/flavor/status.ts";
import { isEqual } from "../../core/lib/equal.ts";
import { timestampOf } from "../../core/lib/time.ts";
import { Controller, type Pass, type ReconcileResult } from "../../platform/controller.ts";
import { resources } from "../../ports/kube.ts";
import type { Context, Fleet } from "../fleet.ts";
import type { HostBook } from "../host-book.ts";
import { StatusWriter } from "../status-writer.ts";

export interface FlavorControllerOptions extends Pick<FlavorWorld, "settings" | "overheadMib"> {
  readonly fleet: Fleet;
  readonly hosts: HostBook;
}

/** All flavors are counted together: what changes for one may change for all. */
const everything = "flavors";
const workers = 1;
/** Candidates change with every server: they are counted at most this often. */
const betweenSeconds = 30;

/** Says of each Flavor on how many hypervisors a server could be made of it now. */
export class FlavorController {
  readonly #context: Context;
  readonly #options: FlavorControllerOptions;
  readonly #controller: Controller;
  readonly #writer: StatusWriter<Flavor>;
  #countedMs = -Infinity;

  constructor(context: Context, options: FlavorControllerOptions) {
    this.#context = context;
    this.#options = options;
    this.#writer = new StatusWriter(context, resources.flavors);
    this.#controller = new Controller({
      ...context,
      name: "flavor",
      workers,
      reconcile: (_, pass) => this.#reconcile(pass),
    });
    const { flavors, hypervisors, nodes, aggregates, servers, guests } = options.fleet;
    const look = (): void =>
      this.#controller.enqueue(everything, { afterSeconds: this.#dueSeconds() });
    flavors.onChange(({ key, old, current }) => {
      if (current === undefined) this.#writer.forget(key);
      if (!isEqual(old?.spec, current?.spec)) look();
    });
    hypervisors.onChange(look);
    nodes.onChange(look);
    aggregates.onChange(look);
    servers.onChange(look);
    guests.onChange(look);
  }

  /** Works until aborted. The fleet's caches must be whole. */
  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async #reconcile(pass: Pass): Promise<ReconcileResult> {
    const { clock } = this.#context;
    const afterSeconds = this.#dueSeconds();
    if (afterSeconds > 0) return { kind: "again", afterSeconds };
    this.#countedMs = clock.monotonicMs();
    const { fleet, hosts, settings, overheadMib } = this.#options;
    const world = { hosts: hosts.list([]), settings, overheadMib };
    const now = timestampOf(clock.nowMs());
    for (const flavor of fleet.flavors.list()) {
      pass.signal.throwIfAborted();
      const { name } = flavor.metadata;
      const status = flavorStatusOf(flavor, world, now);
      const object = { apiVersion, kind: kinds.flavor.kind, metadata: { name }, status };
      await this.#writer.write(name, flavor, object);
    }
    return { kind: "done" };
  }

  /** Not positive: now. */
  #dueSeconds(): number {
    return betweenSeconds - (this.#context.clock.monotonicMs() - this.#countedMs) / 1000;
  }
}
