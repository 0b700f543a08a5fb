// SPDX-License-Identifier: Apache-2.0
import { errorOf } from "../adapters/libvirt/errors.ts";
import { PortError, Unavailable } from "../ports/errors.ts";
import { ProtocolError } from "../ports/libvirt.ts";
import type {
  ConnectOptions,
  CreateFlag,
  Domain,
  DomainEvent,
  DomainEventListener,
  DomainStatus,
  Libvirt,
  LibvirtConnection,
  LibvirtVersions,
} from "../ports/libvirt.ts";
import { FakeGuest } from "./fake-guest.ts";

/** libvirt's numbers for the errors that the fake knows: virErrorNumber. */
const code = { operationFailed: 9, noDomain: 42, operationInvalid: 55 } as const;

/** Libvirt in memory: a daemon for each socket path. The world turns it by the daemons' methods. */
export class FakeLibvirt implements Libvirt {
  readonly #daemons = new Map<string, FakeDaemon>();

  /** The daemon of that socket, made and running when asked for first. */
  daemon(socketPath: string): FakeDaemon {
    const known = this.#daemons.get(socketPath) ?? new FakeDaemon();
    this.#daemons.set(socketPath, known);
    return known;
  }

  async connect(socketPath: string, _options: ConnectOptions): Promise<LibvirtConnection> {
    const daemon = this.#daemons.get(socketPath);
    if (daemon === undefined) throw new Unavailable(`libvirt: nobody listens at ${socketPath}`);
    return daemon.open();
  }
}

/** What a call of a connection is, for those who want it to fail, wait or be counted. */
export interface FakeCall {
  readonly method: Exclude<keyof LibvirtConnection, "closed" | "subscribe" | "close">;
  readonly uuid?: string;
}

/** One libvirtd and the guests whose QEMU it started. */
export class FakeDaemon {
  versions: LibvirtVersions = { libvirt: "11.3.0", hypervisor: "10.0.13" };
  capabilities = "<capabilities/>";
  domainCapabilities = "<domainCapabilities/>";
  /** Runs before each call takes effect; what it throws is the call's result. */
  onCall: (call: FakeCall) => void | Promise<void> = () => {};
  /** Runs at each change of a guest, also while libvirtd is down. */
  onGuestChange: () => void = () => {};
  /** What a running guest does when its power button is pressed. */
  onPowerButton: (guest: FakeGuest) => void = (guest) => guest.powerOff();

  readonly #guests = new Map<string, FakeGuest>();
  readonly #connections = new Set<FakeConnection>();
  #isRunning = true;
  #pidLast = 100;

  open(): FakeConnection {
    if (!this.#isRunning) throw new Unavailable("libvirt: nobody listens");
    const connection = new FakeConnection(this);
    this.#connections.add(connection);
    return connection;
  }

  forget(connection: FakeConnection): void {
    this.#connections.delete(connection);
  }

  /** kill -9 of libvirtd: connections end, QEMU lives on. */
  kill(): void {
    this.#isRunning = false;
    for (const connection of this.#connections) {
      connection.close(new Unavailable("libvirtd closed the connection"));
    }
  }

  /** Starts libvirtd; it finds the guests that are still there. */
  start(): void {
    this.#isRunning = true;
  }

  /** The pod or the host ends: libvirtd and every QEMU at once, without a word. */
  losePower(): void {
    this.kill();
    this.#guests.clear();
  }

  guests(): readonly FakeGuest[] {
    return [...this.#guests.values()];
  }

  guest(uuid: string): FakeGuest | undefined {
    return this.#guests.get(uuid.toLowerCase());
  }

  /** Throws NoDomain. */
  mustGuest(uuid: string): FakeGuest {
    const guest = this.guest(uuid);
    if (guest === undefined) {
      throw errorOf(code.noDomain, `Domain not found: no domain with matching uuid '${uuid}'`);
    }
    return guest;
  }

  /** Starts QEMU for `xml`. Throws LibvirtError as libvirt does. */
  create(xml: string, flags: readonly CreateFlag[]): FakeGuest {
    this.#pidLast += 1;
    const guest = new FakeGuest(xml, this.#pidLast, {
      emit: (event) => this.#emit(event),
      remove: (gone) => this.#guests.delete(gone.domain.uuid),
    });
    this.#checkUnknown(guest.domain);
    this.#guests.set(guest.domain.uuid, guest);
    guest.boot(flags.includes("paused"));
    return guest;
  }

  #checkUnknown({ uuid, name }: Domain): void {
    for (const { domain } of this.#guests.values()) {
      if (domain.uuid === uuid && domain.name === name) {
        throw errorOf(code.operationInvalid, `domain '${name}' is already active`);
      }
      if (domain.uuid === uuid || domain.name === name) {
        throw errorOf(code.operationFailed, `domain '${domain.name}' exists with ${domain.uuid}`);
      }
    }
  }

  #emit(event: DomainEvent): void {
    this.onGuestChange();
    if (!this.#isRunning) return;
    for (const connection of this.#connections) connection.deliver(event);
  }
}

class FakeConnection implements LibvirtConnection {
  #resolveClosed!: (reason: PortError | undefined) => void;
  readonly closed = new Promise<PortError | undefined>((resolve) => {
    this.#resolveClosed = resolve;
  });
  readonly #daemon: FakeDaemon;
  readonly #subscriptions = new Set<{ readonly listener: DomainEventListener }>();
  #end: PortError | undefined;

  constructor(daemon: FakeDaemon) {
    this.#daemon = daemon;
  }

  subscribe(listener: DomainEventListener): () => void {
    const subscription = { listener };
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }

  /** Events come after the call that caused them was sent, never inside it. */
  deliver(event: DomainEvent): void {
    queueMicrotask(() => {
      if (this.#end !== undefined) return;
      try {
        for (const { listener } of this.#subscriptions) listener(event);
      } catch (error) {
        this.close(new ProtocolError("a listener threw", error));
      }
    });
  }

  getVersions(): Promise<LibvirtVersions> {
    return this.#call({ method: "getVersions" }, () => this.#daemon.versions);
  }

  getCapabilities(): Promise<string> {
    return this.#call({ method: "getCapabilities" }, () => this.#daemon.capabilities);
  }

  getDomainCapabilities(): Promise<string> {
    return this.#call({ method: "getDomainCapabilities" }, () => this.#daemon.domainCapabilities);
  }

  listDomains(): Promise<readonly Domain[]> {
    return this.#call({ method: "listDomains" }, () =>
      this.#daemon.guests().map(({ domain }) => domain),
    );
  }

  lookupDomain(uuid: string): Promise<Domain | undefined> {
    return this.#call({ method: "lookupDomain", uuid }, () => this.#daemon.guest(uuid)?.domain);
  }

  getDomainStatus(uuid: string): Promise<DomainStatus> {
    return this.#onGuest("getDomainStatus", uuid, (guest) => guest.status);
  }

  getDomainXml(uuid: string): Promise<string> {
    return this.#onGuest("getDomainXml", uuid, (guest) => guest.xml);
  }

  createDomain(xml: string, flags: readonly CreateFlag[] = []): Promise<Domain> {
    return this.#call({ method: "createDomain" }, () => this.#daemon.create(xml, flags).domain);
  }

  shutdownDomain(uuid: string, by: "acpi" | "agent"): Promise<void> {
    return this.#onGuest("shutdownDomain", uuid, (guest) => {
      guest.checkRunning();
      if (by === "agent") guest.askAgent('{"execute":"guest-shutdown"}');
      else this.#daemon.onPowerButton(guest);
    });
  }

  destroyDomain(uuid: string, _how: "graceful" | "forced"): Promise<void> {
    return this.#onGuest("destroyDomain", uuid, (guest) => guest.destroy());
  }

  suspendDomain(uuid: string): Promise<void> {
    return this.#onGuest("suspendDomain", uuid, (guest) => guest.suspend());
  }

  resumeDomain(uuid: string): Promise<void> {
    return this.#onGuest("resumeDomain", uuid, (guest) => guest.resume());
  }

  resetDomain(uuid: string): Promise<void> {
    return this.#onGuest("resetDomain", uuid, (guest) => guest.reboot());
  }

  sendAgentCommand(uuid: string, command: string): Promise<string> {
    return this.#onGuest("sendAgentCommand", uuid, (guest) => guest.askAgent(command));
  }

  /** @param reason undefined when it is the client's wish. */
  close(reason?: PortError): void {
    if (this.#end !== undefined) return;
    this.#end = reason ?? new Unavailable("the connection to libvirt was closed");
    this.#daemon.forget(this);
    this.#resolveClosed(reason);
  }

  #onGuest<T>(
    method: FakeCall["method"],
    uuid: string,
    effect: (guest: FakeGuest) => T,
  ): Promise<T> {
    return this.#call({ method, uuid }, () => effect(this.#daemon.mustGuest(uuid)));
  }

  async #call<T>(call: FakeCall, effect: () => T): Promise<T> {
    if (this.#end !== undefined) throw this.#end;
    await this.#daemon.onCall(call);
    if (this.#end !== undefined) throw this.#end;
    return effect();
  }
}
