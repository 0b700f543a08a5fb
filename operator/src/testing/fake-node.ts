// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../api/kinds.ts";
import { answerClaim, type ClaimAnswer } from "../core/guest/claim.ts";
import type { Inventories } from "../core/placement/inventory.ts";
import { finalizer } from "../api/names.ts";
import type { GuestStatus } from "../api/v1alpha1/guest.ts";

type StopCause = NonNullable<GuestStatus["stoppedBy"]>;

/** A domain that executes vCPUs. */
export interface FakeDomain {
  readonly serverUid: string;
  readonly token: number;
  readonly boot: number;
}

/** What an agent wants written next. Undefined: the Guest is as it should be. */
export type AgentWrite =
  | { readonly kind: "status"; readonly status: GuestStatus }
  | { readonly kind: "finalizers"; readonly finalizers: readonly string[] };

/**
 * A node with its agent, as far as the operator can tell them from real ones: it keeps the Guest
 * protocol (P1), one effect at a time. What survives the agent (domains, disks, released tokens, started
 * boots) is kept apart from what a crash of the agent would lose, which is nothing.
 */
export class FakeNode {
  readonly name: string;
  isUp = true;
  zone: string | undefined;
  /** Why it refuses claims; undefined when it takes them. */
  refusal: string | undefined;
  /** What it has to give; claims are judged only when this is known. */
  inventories: Inventories | undefined;
  /** Its Guests, as its agent's cache shows them. */
  guests: readonly Guest[] = [];
  /** Those of all nodes, as a fresh read shows them. */
  everyGuest: readonly Guest[] = [];
  /** Who turns new server pods away there; undefined when they run. */
  podRefusal: "kube-scheduler" | "kubelet" | undefined;
  readonly domains = new Map<string, FakeDomain>();
  /** Guests that have a disk, with the number of the boot that wrote it last. */
  readonly disks = new Map<string, number>();
  readonly #released = new Set<string>();
  readonly #accepted = new Set<string>();
  readonly #startedBoots = new Map<string, number>();
  readonly #stopCauses = new Map<string, StopCause>();

  constructor(name: string) {
    this.name = name;
  }

  /** The guest's QEMU ends: by the guest, by a crash, with its pod, or with the whole host. */
  stop(guest: string, cause: StopCause): void {
    if (this.domains.delete(guest)) this.#stopCauses.set(guest, cause);
  }

  /** Whether a token of any server was given back here for good. */
  hasReleased(token: number): boolean {
    return [...this.#released].some((key) => key.endsWith(`/${token}`));
  }

  /** One pass of the agent: does at most one effect, and says what to write. */
  reconcile(guest: Guest, hasPod: boolean, now: string): AgentWrite | undefined {
    const isLeaving = guest.metadata.deletionTimestamp !== undefined;
    if (isLeaving || guest.spec.runState === "Absent") return this.#release(guest, isLeaving);
    const status = this.#answer(guest, hasPod, now);
    const isSame = JSON.stringify(status) === JSON.stringify(guest.status);
    return isSame ? undefined : { kind: "status", status };
  }

  #release(guest: Guest, isLeaving: boolean): AgentWrite | undefined {
    const { name, finalizers = [] } = guest.metadata;
    this.stop(name, "User");
    this.#released.add(keyOf(guest));
    const status = { ...guest.status, ...this.#off(guest), isReleased: true };
    if (JSON.stringify(status) !== JSON.stringify(guest.status)) return { kind: "status", status };
    if (!isLeaving || !finalizers.includes(finalizer)) return undefined;
    if (guest.spec.disks === "Destroy") this.disks.delete(name);
    return { kind: "finalizers", finalizers: finalizers.filter((one) => one !== finalizer) };
  }

  #answer(guest: Guest, hasPod: boolean, now: string): GuestStatus {
    const { name } = guest.metadata;
    const before = guest.status ?? {};
    if (this.#released.has(keyOf(guest))) {
      return { ...before, ...this.#off(guest), isReleased: true };
    }
    const claim = before.claim ?? this.#claim(guest);
    if (claim.state === "Refused") return { ...before, claim, ...this.#off(guest) };
    if (guest.spec.runState === "Stopped") {
      this.stop(name, "User");
      return { ...before, claim, ...this.#off(guest) };
    }
    if (!this.domains.has(name) && this.#isToBeStarted(guest)) {
      // What goes on quickly is told when it begins, together with the claim.
      return hasPod ? { ...before, claim, ...this.#start(guest, now) } : before;
    }
    if (!this.domains.has(name)) return { ...before, claim, ...this.#off(guest) };
    return { ...before, claim, ...this.#running(guest, before.startedTime ?? now) };
  }

  #claim(guest: Guest): ClaimAnswer {
    const answer = this.#judge(guest);
    if (answer.state === "Accepted") this.#accepted.add(keyOf(guest));
    return answer;
  }

  #judge(guest: Guest): ClaimAnswer {
    if (this.refusal !== undefined) {
      return { state: "Refused", reason: "ClaimRefused", message: this.refusal };
    }
    const { guests, everyGuest: peers, inventories } = this;
    const isCommitted = (other: Guest): boolean => this.#accepted.has(keyOf(other));
    const answer = inventories && answerClaim(guest, { guests, peers, inventories, isCommitted });
    return answer ?? { state: "Accepted" };
  }

  #isToBeStarted(guest: Guest): boolean {
    return (this.#startedBoots.get(keyOf(guest)) ?? 0) < guest.spec.boot;
  }

  /** First says that it starts, and only when that is written, starts. */
  #start(guest: Guest, now: string): GuestStatus {
    const { observedGeneration, domain } = guest.status ?? {};
    const { generation = 0 } = guest.metadata;
    const { boot, token, server } = guest.spec;
    const isAnnounced = domain === "Starting" && observedGeneration === generation;
    if (!isAnnounced) return { observedGeneration: generation, domain: "Starting", boot };
    this.disks.set(guest.metadata.name, boot);
    this.#startedBoots.set(keyOf(guest), boot);
    this.domains.set(guest.metadata.name, { serverUid: server.uid, token, boot });
    return this.#running(guest, now);
  }

  #running({ metadata: { generation = 0 }, spec }: Guest, startedTime: string): GuestStatus {
    const machine = { type: "pc-q35-10.0", virtType: "qemu" } as const;
    return {
      observedGeneration: generation,
      domain: "Running",
      boot: spec.boot,
      startedTime,
      machine,
    };
  }

  #off(guest: Guest): GuestStatus {
    const { generation = 0, name } = guest.metadata;
    const boot = this.#startedBoots.get(keyOf(guest));
    const stoppedBy = this.#stopCauses.get(name);
    return {
      observedGeneration: generation,
      domain: "Off",
      ...(boot !== undefined && { boot }),
      ...(stoppedBy !== undefined && { stoppedBy }),
    };
  }
}

function keyOf({ spec }: Guest): string {
  return `${spec.server.uid}/${spec.token}`;
}
