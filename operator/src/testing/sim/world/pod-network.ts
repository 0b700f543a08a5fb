// SPDX-License-Identifier: Apache-2.0
import type { Link } from "../../../core/guest/network/links.ts";
import type { FakeGuest } from "../../fake-guest.ts";
import { FakePodNamespace } from "../../fake-pod-namespace.ts";
import { type Card, macsOf, offersIn } from "./guest-cards.ts";
import type { Chance } from "./streams.ts";
import type { Timeline } from "./timeline.ts";
import type { Attached } from "./wires.ts";

/** When a guest that runs asks for its addresses first, and how it repeats what nobody answers. */
const bootMs = [500, 4000] as const;
const askAgainMs = { first: 4000, last: 64_000 } as const;
/** How soon the pod's program sees that its guest began or ended, and what it is asked to probe. */
const lookMs = [100, 2000] as const;
const restartMs = [100, 5000] as const;
/** What the kubelet takes to show a changed annotation as a file. */
const shownMs = [500, 60_000] as const;

export interface PodNetworkOptions {
  readonly timeline: Timeline;
  readonly chance: Chance;
  /** What the cluster's network plugin made. */
  readonly uplink: Link;
  /** What Multus attached. */
  readonly attached: readonly Attached[];
  /** The pod's annotation; undefined without a probe. */
  readonly probe: string | undefined;
  /** The QEMU of the pod, if it has one. */
  readonly qemu: () => FakeGuest | undefined;
  /** Called when the pod became ready, or is so no more. */
  readonly onReadiness: () => void;
}

/**
 * The network of a server's pod: its namespace, the DHCP server and the readiness program that its init
 * keeps running, and what the guest made of them.
 */
export class PodNetwork {
  readonly namespace: FakePodNamespace;
  /** What Multus attached, by the pod's interface. */
  readonly attached: ReadonlyMap<string, Attached>;
  /** What the agent wrote down for the DHCP server. */
  leases = "";
  /** The guest's cards as it knows them, by the hardware address; those of a guest that ended are forgotten. */
  readonly cards = new Map<string, Card>();
  /** Says what a guest was told that it must not be told, once. */
  fault: string | undefined;
  readonly #options: PodNetworkOptions;
  /** The QEMU whose guest asked last. */
  #asker: FakeGuest | undefined;
  /** Whether the guest's service takes connections. */
  #isAnswering = true;
  #probe: string | undefined;
  /** The newest one, which the kubelet may not have shown yet. */
  #probeWanted: string | undefined;
  #asks = 0;
  #isDhcpUp = true;
  #isReadinessUp = true;
  #isReady = false;
  #pendingLook: (() => void) | undefined;

  constructor(options: PodNetworkOptions) {
    this.#options = options;
    const { uplink, attached } = options;
    this.namespace = new FakePodNamespace([uplink, ...attached.map(({ link }) => link)]);
    this.attached = new Map(attached.map((one) => [one.link.name, one]));
    this.#probe = options.probe;
    this.#probeWanted = options.probe;
  }

  /** The readiness program listens: so the kubelet finds it at the next look. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether the guest's service takes connections: what a probe finds out. */
  get isAnswering(): boolean {
    return this.#isAnswering;
  }

  set isAnswering(isAnswering: boolean) {
    this.#isAnswering = isAnswering;
    this.#look();
  }

  /** The pod's annotation says this now. */
  follow(probe: string | undefined): void {
    if (probe === this.#probeWanted) return;
    this.#probeWanted = probe;
    this.#after(shownMs, () => {
      this.#probe = probe;
      this.#look();
    });
  }

  /** A guest began, goes on, stands still or ended. */
  guestChanged(): void {
    const qemu = this.#options.qemu();
    if (qemu !== this.#asker) this.cards.clear();
    if (qemu !== this.#asker && isRunning(qemu)) {
      this.#asker = qemu;
      this.#after(bootMs, () => this.ask());
    }
    this.#look();
  }

  /** The guest asks for the addresses of its cards, again and again until it has those that it can get. */
  ask(): void {
    this.#asks += 1;
    this.#attempt(this.#asks, askAgainMs.first);
  }

  /** The DHCP server dies; init starts it again. */
  killDhcp(): void {
    this.#isDhcpUp = false;
    this.#after(restartMs, () => {
      this.#isDhcpUp = true;
    });
  }

  /** The readiness program dies, and its listener with it; init starts it again. */
  killReadiness(): void {
    this.#isReadinessUp = false;
    this.#setReady(false);
    this.#after(restartMs, () => {
      this.#isReadinessUp = true;
      this.#look();
    });
  }

  #attempt(ask: number, againMs: number): void {
    const qemu = this.#options.qemu();
    if (ask !== this.#asks || qemu === undefined) return;
    const isHeard = isRunning(qemu) && this.#isDhcpUp && this.leases !== "";
    if (isHeard) return this.#answer(qemu);
    const nextMs = Math.min(2 * againMs, askAgainMs.last);
    this.#options.timeline.after(againMs, () => this.#attempt(ask, nextMs));
  }

  #answer(guest: FakeGuest): void {
    const macs = macsOf(guest);
    for (const { mac, address, mtu } of offersIn(this.leases)) {
      if (!macs.includes(mac)) continue;
      const known = this.cards.get(mac);
      if (known !== undefined && (known.address !== address || known.mtu !== mtu)) {
        this.fault ??= `${mac} has ${known.address} with MTU ${known.mtu}, and is told ${address} with MTU ${mtu}`;
      }
      this.cards.set(mac, { mac, address, mtu });
    }
    this.#look();
  }

  /** Whether the program will find the guest ready, and what it takes until it says so, in ms. */
  #verdict(): { readonly isReady: boolean; readonly delayMs: number } {
    const { chance } = this.#options;
    const soonMs = chance.whole(...lookMs);
    const qemu = this.#options.qemu();
    if (qemu === undefined) return { isReady: false, delayMs: soonMs };
    if (this.#probe === undefined) return { isReady: true, delayMs: soonMs };
    const { address, periodMs, successes, failures } = readProbe(this.#probe);
    const hasAddress = [...this.cards.values()].some((card) => card.address === address);
    const isReady = isRunning(qemu) && this.#isAnswering && hasAddress;
    return { isReady, delayMs: soonMs + periodMs * (isReady ? successes : failures) };
  }

  /** What the program finds is looked at again when its time is over. */
  #look(): void {
    const { isReady, delayMs } = this.#verdict();
    this.#pendingLook?.();
    this.#pendingLook = undefined;
    if (isReady === this.#isReady || !this.#isReadinessUp) return;
    this.#pendingLook = this.#options.timeline.after(delayMs, () => {
      if (this.#isReadinessUp) this.#setReady(isReady);
    });
  }

  #setReady(isReady: boolean): void {
    if (this.#isReady === isReady) return;
    this.#isReady = isReady;
    this.#options.onReadiness();
  }

  #after(bounds: readonly [number, number], act: () => void): void {
    const { timeline, chance } = this.#options;
    timeline.after(chance.whole(...bounds), act);
  }
}

function isRunning(qemu: FakeGuest | undefined): qemu is FakeGuest {
  return qemu?.status.state === "running";
}

/** The first line of the annotation, as the program reads it. */
function readProbe(text: string) {
  const [line = ""] = text.split("\n");
  const [, , period, , successes, failures, address] = line.split(" ");
  return {
    address,
    periodMs: Number(period) * 1000,
    successes: Number(successes),
    failures: Number(failures),
  };
}
