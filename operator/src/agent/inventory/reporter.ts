// SPDX-License-Identifier: Apache-2.0
import { apiVersion } from "../../api/define-kind.ts";
import { type Hypervisor, kinds } from "../../api/kinds.ts";
import { fieldManager, label } from "../../api/names.ts";
import type { HypervisorStatus } from "../../api/v1alpha1/hypervisor.ts";
import type { NodePaths } from "../../core/guest/paths.ts";
import { memoryRequestBytes, type PodMemory } from "../../core/hypervisor/pod-requests.ts";
import { type HypervisorObservation, isReportDue, reportOf } from "../../core/hypervisor/report.ts";
import { parseQuantity } from "../../core/lib/quantity.ts";
import { timestampOf } from "../../core/lib/time.ts";
import {
  Controller,
  type ControllerOptions,
  type ReconcileResult,
} from "../../platform/controller.ts";
import type { Informer } from "../../platform/informer.ts";
import { Unavailable } from "../../ports/errors.ts";
import { type KubeStore, type Node, type Pod, resources } from "../../ports/kube.ts";
import type { NodeFactsReader } from "../../ports/node-facts.ts";
import type { GuestSoftware, GuestSoftwareReader } from "./guest-software.ts";
import type { HostBoard } from "./host-board.ts";
import type { VirtProbe } from "./virt-probe.ts";

/** What the reporter looks at, each restricted to this node. */
export interface NodeInformers {
  readonly hypervisors: Informer<Hypervisor>;
  readonly nodes: Informer<Node>;
  readonly pods: Informer<Pod>;
}

export interface ReporterOptions
  extends Pick<ControllerOptions, "clock" | "random" | "log" | "metrics"> {
  readonly kube: KubeStore;
  readonly informers: NodeInformers;
  readonly facts: NodeFactsReader;
  readonly software: GuestSoftwareReader;
  readonly probe: VirtProbe;
  readonly board: HostBoard;
  readonly paths: NodePaths;
  readonly nodeName: string;
  /** The hypervisor's identity. */
  readonly uuid: string;
  /** Version of the product. */
  readonly version: string;
  /** Directories without a Guest, as the guest manager knows them. */
  readonly orphans: () => NonNullable<HypervisorStatus["orphans"]>;
}

/** Disks grow and CPUs go offline without anybody telling. */
const lookAgainSeconds = 60;
const helperAgainSeconds = 1;
/** Pods come and go in bursts. */
const settleSeconds = 3;

/** Keeps the agent's part of this host's Hypervisor true, and the host board with it. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #controller: Controller;
  /** The last write: the cache shows it later than the next pass may come. */
  #written: { readonly over: string | undefined; readonly hypervisor: Hypervisor } | undefined;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#controller = new Controller({
      ...options,
      name: "hypervisor-report",
      workers: 1,
      reconcile: () => this.#report(),
    });
    const { hypervisors, nodes, pods } = options.informers;
    hypervisors.onChange(() => this.refresh());
    nodes.onChange(() => this.refresh());
    pods.onChange(() =>
      this.#controller.enqueue(options.nodeName, { afterSeconds: settleSeconds }),
    );
  }

  /** Looks at the host soon. */
  refresh(): void {
    this.#controller.enqueue(this.#options.nodeName);
  }

  /** Reports until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { hypervisors, nodes, pods } = this.#options.informers;
    try {
      await Promise.all([hypervisors, nodes, pods].map((informer) => informer.synced(signal)));
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.refresh();
    await this.#controller.run(signal);
  }

  async #report(): Promise<ReconcileResult> {
    const { informers, nodeName, board } = this.#options;
    const hypervisor = this.#hypervisor();
    const node = informers.nodes.get(nodeName);
    // Made by the operator, for nodes that carry the label: the informer tells when it is there.
    if (hypervisor === undefined || node === undefined) return { kind: "done" };
    const software = await this.#softwareIfUp();
    if (software === undefined) return { kind: "again", afterSeconds: helperAgainSeconds };
    const observation = await this.#observe(hypervisor, node, software);
    const report = reportOf(observation, hypervisor.status);
    const { bootId } = observation.facts;
    const { guestImage } = observation.versions;
    board.post({ bootId, guestImage, virtType: report.virtType }, report.inventory);
    if (isReportDue(report, hypervisor.status)) await this.#write(report);
    return { kind: "again", afterSeconds: lookAgainSeconds };
  }

  /** The helper starts beside the agent and may be started anew: its absence is no failure. */
  async #softwareIfUp(): Promise<GuestSoftware | undefined> {
    try {
      return await this.#options.software.read();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.#options.log.debug({ cause: error.message }, "no report yet");
      return undefined;
    }
  }

  async #observe(
    hypervisor: Hypervisor,
    node: Node,
    { guestImage, versions, capabilities }: GuestSoftware,
  ): Promise<HypervisorObservation> {
    const { facts, probe, paths, clock, version, uuid, orphans } = this.#options;
    const { spec, metadata } = hypervisor;
    const found = await facts.read(paths.guests);
    const verdict = await probe.prove(spec.virtType, { bootId: found.bootId, guestImage });
    const { libvirt, hypervisor: qemu } = versions;
    return {
      spec,
      generation: metadata.generation ?? 0,
      uuid,
      nodeUid: node.metadata.uid ?? "",
      facts: found,
      versions: { agent: version, libvirt, qemu, kernel: found.kernel, guestImage },
      verdict,
      capabilities,
      allocatableBytes: parseQuantity(node.status?.allocatable?.["memory"] ?? "0") ?? 0,
      otherPodsBytes: this.#otherPodsBytes(),
      orphans: orphans(),
      now: timestampOf(clock.nowMs()),
    };
  }

  /** What pods request that hold no guest: those of guests are what is claimed. */
  #otherPodsBytes(): number {
    return this.#options.informers.pods
      .list()
      .filter((pod) => pod.metadata.labels?.[label.serverUid] === undefined)
      .reduce((sum, pod) => sum + memoryRequestBytes(pod as PodMemory), 0);
  }

  /** The newest that is known: what the cache has, unless that is what was written over. */
  #hypervisor(): Hypervisor | undefined {
    const { informers, nodeName } = this.#options;
    const cached = informers.hypervisors.get(nodeName);
    const isStale = cached?.metadata.resourceVersion === this.#written?.over;
    return (isStale ? this.#written?.hypervisor : undefined) ?? cached;
  }

  async #write(status: HypervisorStatus): Promise<void> {
    const { kube, nodeName: name, informers, log } = this.#options;
    const object = { apiVersion, kind: kinds.hypervisor.kind, metadata: { name }, status };
    const options = { fieldManager: fieldManager.agent, subresource: "status" } as const;
    const hypervisor = await kube.apply(resources.hypervisors, object, options);
    this.#written = {
      over: informers.hypervisors.get(name)?.metadata.resourceVersion,
      hypervisor,
    };
    log.info({ hypervisor: name, kind: status.virtType }, "hypervisor reported");
  }
}
