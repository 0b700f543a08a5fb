// SPDX-License-Identifier: Apache-2.0
import { NoDomain } from "../ports/libvirt.ts";
import type {
  CreateFlag,
  Domain,
  DomainEvent,
  Libvirt,
  LibvirtConnection,
} from "../ports/libvirt.ts";
import type { PowerButtonResponse } from "./boot-sector.ts";
import { until } from "./until.ts";

/** A daemon to be judged, and the hands on the world around it. */
export interface LibvirtHost {
  readonly libvirt: Libvirt;
  readonly socketPath: string;
  /** The XML of a guest with a guest agent's channel but no agent. */
  makeGuest(domain: Domain, powerButton: PowerButtonResponse): Promise<string>;
  /** Waits until the guest reacts to its power button. */
  untilBooted(domain: Domain): Promise<void>;
  qemuPid(domain: Domain): Promise<number | undefined>;
  killQemu(domain: Domain): Promise<void>;
  killDaemon(): Promise<void>;
  startDaemon(): Promise<void>;
  close(): Promise<void>;
}

/** A host, a connection to it, and what that was told: the stage of one test after another. */
export class LibvirtWorld {
  host!: LibvirtHost;
  connection!: LibvirtConnection;
  #events: DomainEvent[] = [];
  #domains = 0;

  async connect(): Promise<void> {
    this.connection = await this.host.libvirt.connect(this.host.socketPath, { timeoutSeconds: 10 });
    this.#events = [];
    this.connection.subscribe((event) => this.#events.push(event));
  }

  async disconnect(): Promise<void> {
    for (const { uuid } of await this.connection.listDomains()) await this.destroy(uuid);
    this.connection.close();
  }

  /** A daemon that was just started may say NoDomain of the one that it ends. */
  async destroy(uuid: string): Promise<void> {
    try {
      await this.connection.destroyDomain(uuid, "forced");
    } catch (error) {
      if (!(error instanceof NoDomain)) throw error;
    }
  }

  newDomain(): Domain {
    this.#domains += 1;
    const uuid = `6f1c2a52-0b6c-4d34-9b8a-0a5d3d8a${1000 + this.#domains}`;
    return { name: `guest-${this.#domains}`, uuid };
  }

  async start(
    powerButton: PowerButtonResponse,
    flags: readonly CreateFlag[] = [],
  ): Promise<Domain> {
    const domain = this.newDomain();
    await this.connection.createDomain(await this.host.makeGuest(domain, powerButton), flags);
    return domain;
  }

  async boot(powerButton: PowerButtonResponse): Promise<Domain> {
    const domain = await this.start(powerButton);
    await this.host.untilBooted(domain);
    return domain;
  }

  /** Waits until the domain's lifecycle events are exactly these; throws with those that came. */
  async sees(domain: Domain, ...expected: readonly string[]): Promise<void> {
    const lifecycle = (): string => this.#wordsFor(domain, "lifecycle").join(", ");
    await until(`to see: ${expected.join(", ")}`, () => lifecycle() === expected.join(", ")).catch(
      (cause: unknown) => {
        throw new Error(`saw instead: ${lifecycle()}`, { cause });
      },
    );
  }

  /** Waits until the domain had such an event, at any place. */
  async seesOneOf(domain: Domain, kind: DomainEvent["kind"], words: string): Promise<void> {
    await until(`to see: ${words}`, () => this.#wordsFor(domain, kind).includes(words));
  }

  #wordsFor({ uuid }: Domain, kind: DomainEvent["kind"]): string[] {
    return this.#events
      .filter((event) => event.domain.uuid === uuid && event.kind === kind)
      .map(wordsOf);
  }
}

function wordsOf(event: DomainEvent): string {
  switch (event.kind) {
    case "lifecycle":
      return `${event.event} ${event.detail}`;
    case "agent-lifecycle":
      return `${event.state} ${event.reason}`;
    case "reboot":
      return "reboot";
  }
}
