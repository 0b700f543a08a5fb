// SPDX-License-Identifier: Apache-2.0
import { errorOf } from "../adapters/libvirt/errors.ts";
import type { Domain, DomainEvent, DomainStatus, LifecycleChange } from "../ports/libvirt.ts";

/** libvirt's numbers for the errors that the fake knows: virErrorNumber. */
const code = {
  xmlError: 27,
  xmlDetail: 35,
  operationInvalid: 55,
  argumentUnsupported: 74,
  agentUnresponsive: 86,
} as const;

const agentChannel = /<channel[^]*?name=['"]org\.qemu\.guest_agent\.0['"]/;

/** Answers a guest agent command with JSON; both are text, as on the wire. */
export type FakeAgent = (command: string) => string;

/** What a guest tells its daemon. */
export interface FakeGuestEvents {
  readonly emit: (event: DomainEvent) => void;
  readonly remove: (guest: FakeGuest) => void;
}

/** One QEMU and the guest in it: libvirt's states, and the events of each change. */
export class FakeGuest {
  readonly domain: Domain;
  readonly xml: string;
  /** Another one after each start: tells whether a guest lived on. */
  readonly pid: number;
  readonly #events: FakeGuestEvents;
  readonly #hasAgentChannel: boolean;
  #status: DomainStatus = { state: "paused", reason: "starting-up" };
  #agent: FakeAgent | undefined;

  constructor(xml: string, pid: number, events: FakeGuestEvents) {
    this.domain = readDomain(xml);
    this.xml = xml;
    this.pid = pid;
    this.#events = events;
    this.#hasAgentChannel = agentChannel.test(xml);
  }

  get status(): DomainStatus {
    return this.#status;
  }

  boot(isPaused: boolean): void {
    if (this.#hasAgentChannel) this.#emitAgent("disconnected", "domain-started");
    if (isPaused) {
      this.#emit({ event: "started", detail: "booted" });
      return this.#change({ state: "paused", reason: "user" }, "suspended", "paused");
    }
    this.#change({ state: "running", reason: "booted" }, "resumed", "unpaused");
    this.#emit({ event: "started", detail: "booted" });
  }

  suspend(): void {
    if (this.#status.state === "paused") return;
    this.#change({ state: "paused", reason: "user" }, "suspended", "paused");
  }

  resume(): void {
    if (this.#status.state === "running") {
      throw errorOf(code.operationInvalid, "domain is already running");
    }
    this.#change({ state: "running", reason: "unpaused" }, "resumed", "unpaused");
  }

  reboot(): void {
    this.disconnectAgent();
    this.#events.emit({ kind: "reboot", domain: this.domain });
  }

  /** The guest powers itself off. */
  powerOff(): void {
    this.#change({ state: "shutdown", reason: "unknown" }, "shutdown", "guest");
    this.#stop("shutdown");
  }

  /** libvirt ends QEMU. */
  destroy(): void {
    this.#emit({ event: "shutdown", detail: "host" });
    this.#stop("destroyed");
  }

  /** QEMU ends by itself: killed, out of memory, an assertion. */
  killQemu(): void {
    this.#stop("failed");
  }

  /** The guest's disk or the host's file system fails. */
  failDisk(): void {
    this.#change({ state: "paused", reason: "ioerror" }, "suspended", "ioerror");
  }

  connectAgent(agent: FakeAgent): void {
    this.#agent = agent;
    this.#emitAgent("connected", "channel");
  }

  disconnectAgent(): void {
    if (this.#agent === undefined) return;
    this.#agent = undefined;
    this.#emitAgent("disconnected", "channel");
  }

  /** Throws LibvirtError when no agent answers. */
  askAgent(command: string): string {
    this.checkRunning();
    if (!this.#hasAgentChannel) {
      throw errorOf(code.argumentUnsupported, "QEMU guest agent is not configured");
    }
    if (this.#agent === undefined) {
      throw errorOf(code.agentUnresponsive, "QEMU guest agent is not connected");
    }
    return this.#agent(command);
  }

  /** Throws LibvirtError when the vCPUs stand still. */
  checkRunning(): void {
    if (this.#status.state !== "running") {
      throw errorOf(code.operationInvalid, "domain is not running");
    }
  }

  #stop(detail: "shutdown" | "destroyed" | "failed"): void {
    this.#events.remove(this);
    this.#emit({ event: "stopped", detail });
  }

  #change<Event extends LifecycleChange["event"]>(
    status: DomainStatus,
    event: Event,
    detail: (LifecycleChange & { readonly event: Event })["detail"],
  ): void {
    this.#status = status;
    this.#emit({ event, detail } as LifecycleChange);
  }

  #emit(change: LifecycleChange): void {
    this.#events.emit({ kind: "lifecycle", domain: this.domain, ...change });
  }

  #emitAgent(state: "connected" | "disconnected", reason: "domain-started" | "channel"): void {
    this.#events.emit({ kind: "agent-lifecycle", domain: this.domain, state, reason });
  }
}

/** Name and uuid of a domain's XML. Throws LibvirtError as libvirt does for what is no domain. */
function readDomain(xml: string): Domain {
  const root = /^\s*<(\w+)[^]*<\/(\w+)>\s*$/.exec(xml);
  if (root === null || root[1] !== root[2]) throw errorOf(code.xmlDetail, "no well-formed XML");
  if (root[1] !== "domain") {
    throw errorOf(code.xmlError, `expecting root element of 'domain', not '${root[1]}'`);
  }
  const name = /<name>([^<]+)<\/name>/.exec(xml)?.[1];
  const uuid = /<uuid>([^<]+)<\/uuid>/.exec(xml)?.[1];
  if (name === undefined || uuid === undefined) throw errorOf(code.xmlError, "no name or no uuid");
  return { name, uuid: uuid.toLowerCase() };
}
