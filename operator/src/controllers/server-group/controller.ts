// SPDX-License-Identifier: Apache-2.0
import { apiVersion } from "../../api/define-kind.ts";
import { kinds, type Server, type ServerGroup } from "../../api/kinds.ts";
import { type GroupMember, groupStatusOf } from "../../core/group/status.ts";
import { conditionOf } from "../../core/lib/condition-set.ts";
import { timestampOf } from "../../core/lib/time.ts";
import { Controller, type ReconcileResult } from "../../platform/controller.ts";
import type { EventRecorder } from "../../platform/events.ts";
import { resources } from "../../ports/kube.ts";
import type { Context, Fleet } from "../fleet.ts";
import { StatusWriter } from "../status-writer.ts";

export interface ServerGroupControllerOptions {
  readonly fleet: Fleet;
  readonly events: EventRecorder;
}

const workers = 1;
/** Members come and go in bursts. */
const settleSeconds = 2;

/** Says of each ServerGroup who is in it, and where that is against its policy. Moves nothing. */
export class ServerGroupController {
  readonly #context: Context;
  readonly #options: ServerGroupControllerOptions;
  readonly #controller: Controller;
  readonly #writer: StatusWriter<ServerGroup>;

  constructor(context: Context, options: ServerGroupControllerOptions) {
    this.#context = context;
    this.#options = options;
    this.#writer = new StatusWriter(context, resources.serverGroups);
    this.#controller = new Controller({
      ...context,
      name: "server-group",
      workers,
      reconcile: (key) => this.#reconcile(key),
    });
    const { serverGroups, servers, aggregates } = options.fleet;
    const later = (key: string): void =>
      this.#controller.enqueue(key, { afterSeconds: settleSeconds });
    serverGroups.onChange(({ key }) => this.#controller.enqueue(key));
    servers.onChange(({ old, current }) => {
      if (old !== undefined && current !== undefined && isSamePlace(old, current)) return;
      const key = groupOf(current ?? old);
      if (key !== undefined) later(key);
    });
    aggregates.onChange(() => {
      for (const { metadata } of serverGroups.list()) {
        later(`${metadata.namespace}/${metadata.name}`);
      }
    });
  }

  /** Works until aborted. The fleet's caches must be whole. */
  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async #reconcile(key: string): Promise<ReconcileResult> {
    const { fleet } = this.#options;
    const group = fleet.serverGroups.get(key);
    if (group === undefined) {
      this.#writer.forget(key);
      return { kind: "done" };
    }
    const members = fleet.servers.byIndex("group", key).map(memberOf);
    const status = groupStatusOf(group, members, timestampOf(this.#context.clock.nowMs()));
    const { name, namespace } = group.metadata;
    const metadata = { name, ...(namespace !== undefined && { namespace }) };
    const object = { apiVersion, kind: kinds.serverGroup.kind, metadata, status };
    if (await this.#writer.write(key, group, object)) this.#tell(group, status);
    return { kind: "done" };
  }

  /** Members that stand against the policy are news when it begins. */
  #tell(group: ServerGroup, status: NonNullable<ServerGroup["status"]>): void {
    const before = conditionOf(group.status?.conditions, "Satisfied");
    const after = conditionOf(status.conditions, "Satisfied");
    if (after === undefined || after.status === "True" || before?.status === "False") return;
    const { reason, message: note } = after;
    this.#options.events.event(group, { type: "Warning", reason, action: "Observe", note });
    this.#context.metrics.transitions.inc({ kind: group.kind, reason });
  }
}

function groupOf(server: Server | undefined): string | undefined {
  const name = server?.spec.serverGroup;
  return name === undefined ? undefined : `${server?.metadata.namespace}/${name}`;
}

function isSamePlace(one: Server, other: Server): boolean {
  const before = memberOf(one);
  const after = memberOf(other);
  return before.host === after.host && before.zone === after.zone;
}

function memberOf({ metadata, status }: Server): GroupMember {
  const { run, availabilityZone: zone } = status ?? {};
  const host = run?.state === "Granted" ? run.host : undefined;
  return { name: metadata.name, host, zone };
}
