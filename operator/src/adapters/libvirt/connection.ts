// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from "node:stream";
import type { Clock } from "../../ports/clock.ts";
import { Refused, type PortError } from "../../ports/errors.ts";
import { NoDomain } from "../../ports/libvirt.ts";
import type {
  CreateFlag,
  Domain,
  DomainCapabilitiesQuery,
  DomainEventListener,
  DomainStatus,
  LibvirtConnection,
  LibvirtVersions,
  XmlFlag,
} from "../../ports/libvirt.ts";
import { statusOf } from "./domain.ts";
import { EventReader, eventKinds } from "./events.ts";
import type { Message } from "./message.ts";
import { procedures } from "./procedures.ts";
import { RpcChannel } from "./rpc-channel.ts";

const sessionUri = "qemu:///session";
const authNone = 0;
const featureKeepalive = 10;

const createFlags: Readonly<Record<CreateFlag, number>> = { paused: 1, validate: 16 };
const xmlFlags: Readonly<Record<XmlFlag, number>> = { inactive: 2, migratable: 8 };
const shutdownFlags = { acpi: 1, agent: 2 } as const;
const destroyFlags = { forced: 0, graceful: 1 } as const;

/** The port's connection over a stream: after open(), a call for each method. */
export class RpcConnection implements LibvirtConnection {
  readonly closed: Promise<PortError | undefined>;
  readonly #channel: RpcChannel;
  readonly #events = new EventReader();
  readonly #subscriptions = new Set<{ readonly listener: DomainEventListener }>();

  constructor(stream: Duplex, clock: Clock) {
    this.#channel = new RpcChannel(stream, clock, (message) => this.#deliver(message));
    this.closed = this.#channel.closed;
  }

  /** Introduces us: must be done before any other call. Throws as Libvirt.connect does. */
  async open(): Promise<void> {
    const { types } = await this.#channel.call(procedures.authList, undefined);
    if (!types.includes(authNone)) {
      throw new Refused("AuthenticationRequired", "libvirtd asks for an authentication");
    }
    await this.#channel.call(procedures.connectOpen, { uri: sessionUri, flags: 0 });
    await Promise.all([this.#startKeepalive(), ...this.#registerEvents()]);
  }

  subscribe(listener: DomainEventListener): () => void {
    const subscription = { listener };
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }

  async getVersions(): Promise<LibvirtVersions> {
    const [libvirt, hypervisor] = await Promise.all([
      this.#channel.call(procedures.getLibVersion, undefined),
      this.#channel.call(procedures.getVersion, undefined),
    ]);
    return { libvirt: versionOf(libvirt), hypervisor: versionOf(hypervisor) };
  }

  getCapabilities(): Promise<string> {
    return this.#channel.call(procedures.getCapabilities, undefined);
  }

  getDomainCapabilities(query: DomainCapabilitiesQuery): Promise<string> {
    const { arch, machine, virtType } = query;
    const args = { emulator: undefined, arch, machine, virtType, flags: 0 };
    return this.#channel.call(procedures.getDomainCapabilities, args);
  }

  async listDomains(): Promise<readonly Domain[]> {
    const args = { needResults: 1, flags: 0 };
    return (await this.#channel.call(procedures.listAllDomains, args)).domains;
  }

  async lookupDomain(uuid: string): Promise<Domain | undefined> {
    try {
      return await this.#channel.call(procedures.lookupByUuid, uuid);
    } catch (error) {
      if (error instanceof NoDomain) return undefined;
      throw error;
    }
  }

  async getDomainStatus(uuid: string): Promise<DomainStatus> {
    const args = { domain: uuid, flags: 0 };
    const { state, reason } = await this.#channel.call(procedures.getState, args);
    return statusOf(state, reason);
  }

  getDomainXml(uuid: string, flags: readonly XmlFlag[] = []): Promise<string> {
    return this.#channel.call(procedures.getXml, { domain: uuid, flags: bitsOf(xmlFlags, flags) });
  }

  createDomain(xml: string, flags: readonly CreateFlag[] = []): Promise<Domain> {
    return this.#channel.call(procedures.createXml, { xml, flags: bitsOf(createFlags, flags) });
  }

  shutdownDomain(uuid: string, by: "acpi" | "agent"): Promise<void> {
    return this.#channel.call(procedures.shutdown, { domain: uuid, flags: shutdownFlags[by] });
  }

  destroyDomain(uuid: string, how: "graceful" | "forced"): Promise<void> {
    return this.#channel.call(procedures.destroy, { domain: uuid, flags: destroyFlags[how] });
  }

  suspendDomain(uuid: string): Promise<void> {
    return this.#channel.call(procedures.suspend, uuid);
  }

  resumeDomain(uuid: string): Promise<void> {
    return this.#channel.call(procedures.resume, uuid);
  }

  resetDomain(uuid: string): Promise<void> {
    return this.#channel.call(procedures.reset, { domain: uuid, flags: 0 });
  }

  async sendAgentCommand(uuid: string, command: string, timeoutSeconds: number): Promise<string> {
    const { agentCommand } = procedures;
    const answer = await this.#channel.call(
      { ...agentCommand, timeoutSeconds: agentCommand.timeoutSeconds + timeoutSeconds },
      { domain: uuid, command, timeoutSeconds, flags: 0 },
    );
    return answer ?? "";
  }

  /** @param reason what `closed` and calls under way get to know; undefined when it is our wish. */
  close(reason?: PortError): void {
    this.#channel.close(reason);
  }

  async #startKeepalive(): Promise<void> {
    const args = { feature: featureKeepalive };
    const { is } = await this.#channel.call(procedures.supportsFeature, args);
    if (is === 1) this.#channel.startKeepalive();
  }

  #registerEvents(): Promise<unknown>[] {
    return eventKinds.map((kind) =>
      this.#channel.call(
        procedures.registerEvent,
        { event: kind.id, domain: undefined },
        ({ callback }) => this.#events.registered(kind, callback),
      ),
    );
  }

  #deliver(message: Message): void {
    const event = this.#events.read(message);
    if (event === undefined) return;
    for (const { listener } of this.#subscriptions) listener(event);
  }
}

/** libvirt counts versions as major * 1,000,000 + minor * 1,000 + release. */
function versionOf(version: bigint): string {
  return [version / 1_000_000n, (version / 1000n) % 1000n, version % 1000n].join(".");
}

function bitsOf<Flag extends string>(bits: Record<Flag, number>, flags: readonly Flag[]): number {
  return flags.reduce((sum, flag) => sum | bits[flag], 0);
}
