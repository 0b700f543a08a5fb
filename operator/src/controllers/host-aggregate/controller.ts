// SPDX-License-Identifier: Apache-2.0
import { apiVersion } from "../../api/define-kind.ts";
import { type HostAggregate, kinds, type Server } from "../../api/kinds.ts";
import { aggregateStatusOf, type PinnedServer } from "../../core/aggregate/status.ts";
import { isEqual } from "../../core/lib/equal.ts";
import { timestampOf } from "../../core/lib/time.ts";
import { Controller, type ReconcileResult } from "../../platform/controller.ts";
import { keyOf } from "../../platform/informer.ts";
import { type Node, resources } from "../../ports/kube.ts";
import type { Context, Fleet } from "../fleet.ts";
import { StatusWriter } from "../status-writer.ts";

const workers = 1;
/** Nodes come and go in bursts. */
const settleSeconds = 2;

/** Says of each HostAggregate which hypervisors are in it, and whether its zone counts for them. */
export class HostAggregateController {
  readonly #context: Context;
  readonly #fleet: Fleet;
  readonly #controller: Controller;
  readonly #writer: StatusWriter<HostAggregate>;

  constructor(context: Context, fleet: Fleet) {
    this.#context = context;
    this.#fleet = fleet;
    this.#writer = new StatusWriter(context, resources.hostAggregates);
    this.#controller = new Controller({
      ...context,
      name: "host-aggregate",
      workers,
      reconcile: (name) => this.#reconcile(name),
    });
    const { aggregates, nodes, hypervisors, servers } = fleet;
    const all = (): void => {
      for (const { metadata } of aggregates.list()) {
        this.#controller.enqueue(metadata.name, { afterSeconds: settleSeconds });
      }
    };
    aggregates.onChange(({ old, current }) => {
      // Whose zone counts depends on the others.
      if (!isEqual(old?.spec, current?.spec)) all();
    });
    nodes.onChange(({ old, current }) => {
      if (!isEqual(old?.metadata.labels, current?.metadata.labels)) all();
    });
    servers.onChange(({ old, current }) => {
      if (!isEqual(old && pinOf(old), current && pinOf(current))) all();
    });
    hypervisors.onChange(({ old, current }) => {
      if (old === undefined || current === undefined) all();
    });
  }

  /** Works until aborted. The fleet's caches must be whole. */
  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  #pinnedTo({ metadata }: Node): PinnedServer[] {
    return this.#fleet.servers.byIndex("host", metadata.name).flatMap((server) => {
      const { zone } = pinOf(server) ?? {};
      return zone === undefined ? [] : [{ key: keyOf(server), zone }];
    });
  }

  async #reconcile(name: string): Promise<ReconcileResult> {
    const { aggregates, hypervisors, nodes } = this.#fleet;
    const aggregate = aggregates.get(name);
    if (aggregate === undefined) {
      this.#writer.forget(name);
      return { kind: "done" };
    }
    const hosts = hypervisors.list().flatMap(({ metadata }) => {
      const node = nodes.get(metadata.name);
      return node === undefined
        ? []
        : [
            {
              name: metadata.name,
              labels: node.metadata.labels ?? {},
              pinned: this.#pinnedTo(node),
            },
          ];
    });
    const now = timestampOf(this.#context.clock.nowMs());
    const status = aggregateStatusOf(aggregate, { all: aggregates.list(), hosts }, now);
    const object = { apiVersion, kind: kinds.hostAggregate.kind, metadata: { name }, status };
    await this.#writer.write(name, aggregate, object);
    return { kind: "done" };
  }
}

/** Where a server has to stay, if it has a host and was asked to. */
function pinOf({ status }: Server): { readonly host: string; readonly zone: string } | undefined {
  const { run, pinnedAvailabilityZone: zone } = status ?? {};
  if (run?.state !== "Granted" || zone === undefined) return undefined;
  return { host: run.host, zone };
}
