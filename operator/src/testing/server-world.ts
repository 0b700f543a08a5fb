// SPDX-License-Identifier: Apache-2.0
import type { Flavor, Guest, Hypervisor, Image, Server, ServerGroup } from "../api/kinds.ts";
import { annotation, finalizer } from "../api/names.ts";
import { marksAfter, podMarks } from "../core/guest/pod-marks.ts";
import type { Attachment } from "../core/guest/network/definition.ts";
import { conditionOf } from "../core/lib/condition-set.ts";
import { timestampOf } from "../core/lib/time.ts";
import { type HeldClaim, heldClaims } from "../core/scheduler/claims.ts";
import type { NodeView } from "../core/scheduler/host-state.ts";
import { hostStatesOf } from "../core/scheduler/host-states.ts";
import { type ServerPlan, plan } from "../core/server/plan.ts";
import type { Recall } from "../core/server/recall.ts";
import type {
  WriteRefusal,
  Neighbour,
  ObservedPod,
  Placement,
  ServerObservation,
} from "../core/server/state.ts";
import type { Step } from "../core/server/steps.ts";
import { aFlavor, aHypervisor, anImage, aServer } from "./builders.ts";
import { FakeNode } from "./fake-node.ts";

type GuestStep = Extract<Step, { readonly guest: Guest }>;

function concernsGuest(step: Step): step is GuestStep {
  return "guest" in step && typeof step.guest === "object";
}

/**
 * One Server, its Guests and pods, and nodes that keep the protocol: all that the operator's decisions
 * are made of, without an API server. Every effect can be the last one before the operator dies.
 */
export class ServerWorld {
  server: Server | undefined;
  flavor: Flavor | undefined = aFlavor();
  image: Image | undefined = anImage();
  serverGroup: ServerGroup | undefined;
  /** NetworkAttachmentDefinitions of the Server's namespace by name. */
  readonly attachments = new Map<string, Attachment>();
  neighbours: Neighbour[] = [];
  /** What other servers hold of the nodes. */
  claimsOfOthers: HeldClaim[] = [];
  guests: Guest[] = [];
  pods: ObservedPod[] = [];
  creationRefusal: WriteRefusal | undefined;
  markRefusal: WriteRefusal | undefined;
  /** What hosts say that the API server has forgotten of the server. */
  recall: Recall = { guest: undefined, silentHosts: [] };
  isNamespaceLeaving = false;
  /** Reference of the guest image of the operator's release. */
  guestImage = "registry.example.org/guest:1";
  readonly nodes: readonly FakeNode[];
  nowMs = Date.parse("2026-01-01T00:00:00Z");
  /** How often the operator wrote, by the kind of step. */
  readonly writes: Partial<Record<Step["kind"], number>> = {};
  #uids = 0;

  constructor(hosts: readonly string[] = ["node-1", "node-2", "node-3", "node-4"]) {
    this.server = aServer();
    this.nodes = hosts.map((name) => new FakeNode(name));
  }

  get status(): NonNullable<Server["status"]> {
    return this.server?.status ?? {};
  }

  /** What a condition of the Server says; members are undefined where it has none of the type. */
  told(type: "Ready" | "Available") {
    const { status, reason, message } = conditionOf(this.status.conditions, type) ?? {};
    return { status, reason, message };
  }

  get domains() {
    return this.nodes.flatMap((node) => [...node.domains.values()]);
  }

  /** What would be done now. */
  kinds(): Step["kind"][] {
    return this.plan().steps.map(({ kind }) => kind);
  }

  /** The node that the Server is on. */
  get host(): FakeNode {
    return this.node(this.status.hypervisor);
  }

  /** The first of the Server's Guests. */
  get guest(): Guest {
    const [first] = this.guests;
    if (first === undefined) throw new Error("no guest");
    return first;
  }

  node(name: string | undefined): FakeNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  /** The user changes the spec. */
  edit(spec: Partial<Server["spec"]>): void {
    if (this.server === undefined) return;
    const { metadata } = this.server;
    const generation = (metadata.generation ?? 0) + 1;
    const merged = { ...this.server.spec, ...spec };
    this.server = { ...this.server, metadata: { ...metadata, generation }, spec: merged };
  }

  /** The user deletes the Server: it is gone at once when nothing holds it. */
  delete(): void {
    if (this.server === undefined) return;
    const { metadata } = this.server;
    const deletionTimestamp = timestampOf(this.nowMs);
    this.server = { ...this.server, metadata: { ...metadata, deletionTimestamp } };
    if (metadata.finalizers === undefined) this.server = undefined;
  }

  /** An administrator gives up what hosts that do not answer still hold, and deletes the Server. */
  abandon(): void {
    if (this.server === undefined) return;
    this.delete();
    if (this.server === undefined) return;
    const annotations = { [annotation.abandon]: "true" };
    this.server = { ...this.server, metadata: { ...this.server.metadata, annotations } };
  }

  observe(): ServerObservation {
    if (this.server === undefined) throw new Error("the Server is gone");
    const { server, flavor, image, guests, pods, creationRefusal, nowMs } = this;
    const { isNamespaceLeaving, guestImage, markRefusal } = this;
    return {
      ...{ server, flavor, image, guests, pods, creationRefusal, nowMs, isNamespaceLeaving },
      guestImage,
      markRefusal,
      overheadMib: 160,
      hostOf: (name) => {
        const node = this.nodes.find((one) => one.name === name);
        return node === undefined
          ? undefined
          : { isUp: node.isUp, virtType: "qemu", zone: node.zone };
      },
      serverGroup: this.serverGroup,
      uidOfServer: () => undefined,
      attachmentOf: (name) => this.attachments.get(name),
      neighbours: () => this.neighbours,
      placement: () => this.#placement(server),
      recall: () => this.recall,
    };
  }

  plan(): ServerPlan {
    return plan(this.observe());
  }

  /** One pass of the operator, which dies after so many effects. */
  operate(effectsMax = Infinity): ServerPlan | undefined {
    if (this.server === undefined) return undefined;
    const decided = this.plan();
    for (const step of decided.steps.slice(0, effectsMax)) this.#do(step);
    return decided;
  }

  /** One pass of every agent that is up, for each of its Guests. */
  serve(): boolean {
    const before = JSON.stringify(this.guests);
    for (const guest of [...this.guests]) {
      const node = this.nodes.find(({ name }) => name === guest.spec.host);
      if (node?.isUp === true) this.#write(guest, node);
    }
    return JSON.stringify(this.guests) !== before;
  }

  /** What the kube-scheduler, the kubelet and the garbage collector do. */
  keepPods(): void {
    for (const pod of this.pods.filter(({ isDeleting }) => isDeleting)) this.#endGuestIn(pod);
    this.pods = this.pods
      .filter(({ isDeleting }) => !isDeleting)
      .filter((pod) => this.guests.some(({ metadata }) => metadata.name === pod.name))
      .map((pod) => (pod.phase === "Pending" ? this.#judged(pod) : pod));
  }

  #judged(pod: ObservedPod): ObservedPod {
    const guest = this.guests.find(({ metadata }) => metadata.name === pod.name);
    const refusedBy = this.nodes.find(({ name }) => name === guest?.spec.host)?.podRefusal;
    const trouble = refusedBy === undefined ? undefined : "no room";
    const phases = { "kube-scheduler": "Pending", kubelet: "Failed" } as const;
    const phase = refusedBy === undefined ? "Running" : phases[refusedBy];
    return { ...pod, refusedBy, trouble, phase };
  }

  #endGuestIn(pod: ObservedPod): void {
    for (const node of this.nodes) node.stop(pod.name, "Pod");
  }

  /** Everybody works until nobody has anything left to do now. Throws when that does not end. */
  settle(passesMax = 60): void {
    for (let pass = 0; pass < passesMax; pass += 1) {
      const steps = this.operate()?.steps ?? [];
      const isServed = this.serve();
      const pods = JSON.stringify(this.pods);
      this.keepPods();
      const isKept = JSON.stringify(this.pods) === pods;
      if (steps.length === 0 && !isServed && isKept) return;
    }
    throw new Error(`no end after ${passesMax} passes: ${JSON.stringify(this.status)}`);
  }

  /** Lets time pass, then settles. */
  wait(seconds: number): void {
    this.nowMs += seconds * 1000;
    this.settle();
  }

  /** The Guest's object goes without its host having said a word: the API server lost it. */
  loseGuest(): void {
    this.guests = [];
  }

  /** The Server's status is wiped while its Guests stand. */
  loseStatus(): void {
    if (this.server === undefined || this.guests.length === 0) return;
    this.server = { ...this.server, status: {} };
  }

  /** The pod goes, and its guest with it. */
  losePod(): void {
    for (const pod of this.pods) this.#endGuestIn(pod);
    this.pods = [];
  }

  #placement(server: Server): Placement {
    const own = heldClaims({ servers: [server], guests: this.guests, assumed: [] });
    const claims = [...own, ...this.claimsOfOthers];
    const hypervisors = this.nodes.map((node) => this.#hypervisor(node));
    const nodes = new Map(this.nodes.map((node) => [node.name, nodeViewOf(node)]));
    const hosts = hostStatesOf({ hypervisors, nodes }, claims);
    return { hosts, settings: {}, freeUid: 1_000_700_000 };
  }

  #hypervisor({ name, isUp }: FakeNode): Hypervisor {
    return aHypervisor({ metadata: { name }, status: { state: isUp ? "up" : "down" } });
  }

  #write(guest: Guest, node: FakeNode): void {
    const pod = this.pods.find(({ name }) => name === guest.metadata.name);
    const hasPod = pod?.phase === "Running" && !pod.isDeleting;
    const write = node.reconcile(guest, hasPod, timestampOf(this.nowMs));
    if (write === undefined) return;
    if (write.kind === "status") return this.#replace(guest, { ...guest, status: write.status });
    this.guests = this.guests.filter((other) => other !== guest);
  }

  #replace(old: Guest, current: Guest): void {
    const { name } = old.metadata;
    this.guests = this.guests.map((guest) => (guest.metadata.name === name ? current : guest));
  }

  #do(step: Step): void {
    this.writes[step.kind] = (this.writes[step.kind] ?? 0) + 1;
    const { server } = this;
    if (server === undefined) throw new Error("the Server is gone");
    if (concernsGuest(step)) return this.#doToGuest(step);
    switch (step.kind) {
      case "AddFinalizer":
        this.server = { ...server, metadata: { ...server.metadata, finalizers: [finalizer] } };
        break;
      case "RemoveFinalizer":
        this.server = undefined;
        break;
      case "WriteStatus":
        this.server = { ...server, status: step.status };
        break;
      case "CreatePod":
        this.pods.push(this.#newPod(step.guest, server));
        break;
      case "MarkPod":
        this.pods = this.pods.map((pod) =>
          pod === step.pod ? { ...pod, marks: marksAfter(pod.marks, step.change) } : pod,
        );
        break;
      case "DeletePod":
        this.pods = this.pods.map((pod) => (pod === step.pod ? { ...pod, isDeleting: true } : pod));
        break;
    }
  }

  #doToGuest(step: GuestStep): void {
    const { guest } = step;
    const { metadata } = guest;
    switch (step.kind) {
      case "CreateGuest":
        if (this.guests.some((other) => other.metadata.name === metadata.name)) {
          throw new Error(`Guest ${metadata.name} exists`);
        }
        this.guests.push({ ...guest, metadata: { ...metadata, uid: this.#uid(), generation: 1 } });
        break;
      case "PatchGuest": {
        const generation = (metadata.generation ?? 0) + 1;
        const spec = { ...guest.spec, ...step.spec };
        this.#replace(guest, { ...guest, metadata: { ...metadata, generation }, spec });
        break;
      }
      case "DeleteGuest": {
        const deletionTimestamp = timestampOf(this.nowMs);
        const generation = (metadata.generation ?? 0) + 1;
        const now = this.guests.find((one) => one.metadata.name === metadata.name) ?? guest;
        this.#replace(guest, { ...now, metadata: { ...metadata, deletionTimestamp, generation } });
        break;
      }
      case "AbandonGuest":
        this.guests = this.guests.filter((other) => other.metadata.name !== metadata.name);
        break;
    }
  }

  #newPod(name: string, server: Server): ObservedPod {
    const guest = this.guests.find(({ metadata }) => metadata.name === name);
    if (guest === undefined) throw new Error(`the pod of Guest ${name} comes before it`);
    return {
      name,
      uid: this.#uid(),
      phase: "Pending",
      isDeleting: false,
      isReady: false,
      marks: podMarks(server, guest.spec.domain),
      createdTime: timestampOf(this.nowMs),
      guestImage: this.guestImage,
      refusedBy: undefined,
      trouble: undefined,
    };
  }

  #uid(): string {
    this.#uids += 1;
    return `uid-${this.#uids}`;
  }
}

function nodeViewOf({ zone }: FakeNode): NodeView {
  const labels = zone === undefined ? {} : { "topology.kubernetes.io/zone": zone };
  return { state: "Offered", labels };
}
