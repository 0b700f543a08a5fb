// SPDX-License-Identifier: Apache-2.0
import { apiVersion } from "../../api/define-kind.ts";
import { kinds, type Hypervisor } from "../../api/kinds.ts";
import { fieldManager, label } from "../../api/names.ts";
import { conditionOf } from "../../core/lib/condition-set.ts";
import { isEqual } from "../../core/lib/equal.ts";
import {
  type NodeObservation,
  type NodeStep,
  type OperatorReport,
  operatorPartOf,
  planNode,
} from "../../core/hypervisor/plan.ts";
import { confirm, hear, type Heartbeat } from "../../core/hypervisor/up.ts";
import { heldClaims } from "../../core/scheduler/claims.ts";
import { Controller, type Pass, type ReconcileResult } from "../../platform/controller.ts";
import type { EventRecorder } from "../../platform/events.ts";
import { type Node, resources } from "../../ports/kube.ts";
import { ifPresent } from "../absence.ts";
import type { Context, Fleet } from "../fleet.ts";

export interface HypervisorControllerOptions {
  readonly fleet: Fleet;
  readonly events: EventRecorder;
  /** A hypervisor is down when its heartbeat was not seen for this long. */
  readonly upAfterSeconds: number;
  readonly heartbeatNamespace: string;
}

interface Reported {
  readonly report: OperatorReport;
  readonly atMs: number;
}

const writer = { fieldManager: fieldManager.operator };
const workers = 2;
/** A report that the watch has not shown after this time was overwritten: then the cache is right. */
const watchLagMsMax = 10_000;

/** Keeps the Hypervisor of every node, by plans of `core/hypervisor`. Keys are node names. */
export class HypervisorController {
  readonly #context: Context;
  readonly #options: HypervisorControllerOptions;
  readonly #controller: Controller;
  readonly #heartbeats = new Map<string, Heartbeat>();
  /** Our last report, by name. */
  readonly #reported = new Map<string, Reported>();

  constructor(context: Context, options: HypervisorControllerOptions) {
    this.#context = context;
    this.#options = options;
    this.#controller = new Controller({
      ...context,
      name: "hypervisor",
      workers,
      reconcile: (name, pass) => this.#reconcile(name, pass),
    });
    this.#watch();
  }

  /** Works until aborted. The fleet's caches must be whole. */
  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  #watch(): void {
    const { fleet } = this.#options;
    fleet.nodes.onChange(({ key }) => this.#controller.enqueue(key));
    fleet.hypervisors.onChange(({ key }) => this.#controller.enqueue(key));
    fleet.guests.onChange(({ old, current }) => {
      const host = (current ?? old)?.spec.host;
      if (host !== undefined) this.#controller.enqueue(host);
    });
    fleet.servers.onChange(({ old, current }) => {
      const hosts = new Set([old?.status?.run?.host, current?.status?.run?.host]);
      for (const host of hosts) if (host !== undefined) this.#controller.enqueue(host);
    });
    fleet.heartbeats.onChange(({ current }) => {
      if (current === undefined) return;
      const { name } = current.metadata;
      const nowMs = this.#context.clock.monotonicMs();
      const renewTime = current.spec?.renewTime ?? "";
      const before = this.#heartbeats.get(name);
      this.#heartbeats.set(name, hear(before, renewTime, nowMs));
      // Of a host that is up a beat is no news: the pass that would call it down looks at the last.
      const isUp = fleet.hypervisors.get(name)?.status?.state === "up";
      if (before === undefined || !isUp) this.#controller.enqueue(name);
    });
  }

  async #reconcile(name: string, pass: Pass): Promise<ReconcileResult> {
    const { steps, againAfterSeconds } = planNode(this.#observe(name));
    for (const step of steps) {
      pass.signal.throwIfAborted();
      await this.#apply(step, pass);
    }
    if (againAfterSeconds === undefined) return { kind: "done" };
    return { kind: "again", afterSeconds: againAfterSeconds };
  }

  #observe(name: string): NodeObservation {
    const { clock } = this.#context;
    const { fleet, upAfterSeconds } = this.#options;
    const node = fleet.nodes.get(name);
    const monotonicMs = clock.monotonicMs();
    const reported = this.#reported.get(name);
    const claims = heldClaims({
      servers: fleet.servers.byIndex("host", name),
      guests: fleet.guests.byIndex("host", name),
      assumed: [],
    });
    return {
      name,
      node: node && labelsOf(node),
      hypervisor: this.#newest(fleet.hypervisors.get(name), reported),
      heartbeat: this.#heartbeats.get(name),
      claims: claims.map(({ resources: held }) => held),
      upAfterSeconds,
      monotonicMs,
      nowMs: clock.nowMs(),
      sinceWrittenSeconds: (monotonicMs - (reported?.atMs ?? -Infinity)) / 1000,
    };
  }

  /** The watch tells of our own write late: until then nothing is written or told a second time. */
  #newest(cached: Hypervisor | undefined, last: Reported | undefined): Hypervisor | undefined {
    if (cached === undefined || last === undefined) return cached;
    const isShown = isEqual(operatorPartOf(cached.status), last.report);
    const isOverdue = this.#context.clock.monotonicMs() - last.atMs > watchLagMsMax;
    if (isShown || isOverdue) return cached;
    return { ...cached, status: { ...cached.status, ...last.report } };
  }

  async #apply(step: NodeStep, pass: Pass): Promise<void> {
    const { kube } = this.#context;
    switch (step.kind) {
      case "AskHeartbeat":
        await this.#askHeartbeat(step.name);
        break;
      case "CreateHypervisor":
        await kube.create(resources.hypervisors, newHypervisor(step.name), writer);
        break;
      case "DeleteHypervisor": {
        const { name, uid } = step.hypervisor.metadata;
        const precondition = uid === undefined ? {} : { uid };
        await ifPresent(kube.delete(resources.hypervisors, { name }, precondition));
        break;
      }
      case "ApplyStatus":
        await this.#report(step.hypervisor, step.report, pass);
        break;
      case "MarkNode": {
        const labels = { [label.inUse]: step.isInUse ? "true" : null };
        const change = { metadata: { labels } };
        await ifPresent(kube.patch(resources.nodes, { name: step.name }, change, writer));
        break;
      }
    }
  }

  async #askHeartbeat(name: string): Promise<void> {
    const { clock, kube } = this.#context;
    const ref = { namespace: this.#options.heartbeatNamespace, name };
    const lease = await ifPresent(kube.get(resources.leases, ref));
    const before = this.#heartbeats.get(name);
    if (before === undefined) return;
    const renewTime = lease && (lease.spec?.renewTime ?? "");
    this.#heartbeats.set(name, confirm(before, renewTime, clock.monotonicMs()));
  }

  async #report(hypervisor: Hypervisor, report: OperatorReport, { log }: Pass): Promise<void> {
    const { clock, kube } = this.#context;
    const { name } = hypervisor.metadata;
    const object = { apiVersion, kind: kinds.hypervisor.kind, metadata: { name }, status: report };
    await kube.apply(resources.hypervisors, object, { ...writer, subresource: "status" });
    this.#reported.set(name, { report, atMs: clock.monotonicMs() });
    this.#tell(hypervisor, report, log);
  }

  #tell(hypervisor: Hypervisor, report: OperatorReport, log: Pass["log"]): void {
    for (const type of ["Up", "IdentityKnown"] as const) {
      const before = conditionOf(hypervisor.status?.conditions, type);
      const after = conditionOf(report.conditions, type);
      if (after === undefined || before?.reason === after.reason) continue;
      const { reason, message: note } = after;
      log.info({ state: report.state, reason }, "hypervisor judged anew");
      this.#context.metrics.transitions.inc({ kind: hypervisor.kind, reason });
      this.#options.events.event(hypervisor, {
        type: after.status === "True" ? "Normal" : "Warning",
        reason,
        action: "Observe",
        note,
      });
    }
  }
}

function labelsOf({ metadata: { labels = {} } }: Node): NonNullable<NodeObservation["node"]> {
  return {
    isLabelled: labels[label.hypervisor] === "true",
    isMarkedInUse: labels[label.inUse] === "true",
  };
}

function newHypervisor(name: string): Hypervisor {
  const spec = { isDisabled: false, virtType: "auto" } as const;
  return { apiVersion, kind: kinds.hypervisor.kind, metadata: { name }, spec };
}
