// SPDX-License-Identifier: Apache-2.0
import { NotFound, PortError, type Retry } from "./errors.ts";

/**
 * The reasons that libvirt gives for each state of a domain. Words and order are those of libvirt's
 * public enumerations virDomainState and virDomain*Reason: a word's position is its number.
 */
export const statusReasons = {
  nostate: ["unknown"],
  running: [
    "unknown",
    "booted",
    "migrated",
    "restored",
    "from-snapshot",
    "unpaused",
    "migration-canceled",
    "save-canceled",
    "wakeup",
    "crashed",
    "postcopy",
    "postcopy-failed",
  ],
  blocked: ["unknown"],
  paused: [
    "unknown",
    "user",
    "migration",
    "save",
    "dump",
    "ioerror",
    "watchdog",
    "from-snapshot",
    "shutting-down",
    "snapshot",
    "crashed",
    "starting-up",
    "postcopy",
    "postcopy-failed",
    "api-error",
  ],
  shutdown: ["unknown", "user"],
  shutoff: [
    "unknown",
    "shutdown",
    "destroyed",
    "crashed",
    "migrated",
    "saved",
    "failed",
    "from-snapshot",
    "daemon",
  ],
  crashed: ["unknown", "panicked"],
  pmsuspended: ["unknown"],
} as const;

type StatusReasons = typeof statusReasons;

/**
 * What libvirt says of a domain: `{state: "paused", reason: "ioerror"}`. A state or reason that a
 * newer libvirt may have added reads as `nostate` or `unknown`.
 */
export type DomainStatus = {
  readonly [State in keyof StatusReasons]: {
    readonly state: State;
    readonly reason: StatusReasons[State][number];
  };
}[keyof StatusReasons];

/**
 * The details of each lifecycle event: libvirt's virDomainEventType and virDomainEvent*DetailType,
 * words and order again. `shutdown` says that the guest finished and QEMU still stands; `stopped`
 * that QEMU is gone. A transient domain is forgotten with `stopped`: the detail is the only word on
 * why.
 */
export const lifecycleDetails = {
  defined: ["added", "updated", "renamed", "from-snapshot"],
  undefined: ["removed", "renamed"],
  started: ["booted", "migrated", "restored", "from-snapshot", "wakeup"],
  suspended: [
    "paused",
    "migrated",
    "ioerror",
    "watchdog",
    "restored",
    "from-snapshot",
    "api-error",
    "postcopy",
    "postcopy-failed",
  ],
  resumed: ["unpaused", "migrated", "from-snapshot", "postcopy", "postcopy-failed"],
  stopped: ["shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot"],
  shutdown: ["finished", "guest", "host"],
  pmsuspended: ["memory", "disk"],
  crashed: ["panicked", "crashloaded"],
} as const;

type LifecycleDetails = typeof lifecycleDetails;

/** What happened to a domain; `unknown` is a detail that a newer libvirt may have added. */
export type LifecycleChange = {
  readonly [Event in keyof LifecycleDetails]: {
    readonly event: Event;
    readonly detail: LifecycleDetails[Event][number] | "unknown";
  };
}[keyof LifecycleDetails];

/** A domain's names. `uuid` is canonical and lower case; every other method finds by it. */
export interface Domain {
  readonly uuid: string;
  readonly name: string;
}

export type DomainEvent =
  | ({ readonly kind: "lifecycle"; readonly domain: Domain } & LifecycleChange)
  /** The guest's machine was reset, by the guest or from outside; QEMU lives on. */
  | { readonly kind: "reboot"; readonly domain: Domain }
  /** The guest agent opened or closed its channel. */
  | {
      readonly kind: "agent-lifecycle";
      readonly domain: Domain;
      readonly state: "connected" | "disconnected";
      readonly reason: "unknown" | "domain-started" | "channel";
    };

/** Called for each event, in libvirt's order. One that throws closes the connection. */
export type DomainEventListener = (event: DomainEvent) => void;

export interface LibvirtVersions {
  /** The daemon's, such as `11.3.0`. */
  readonly libvirt: string;
  /** QEMU's, such as `10.0.13`. */
  readonly hypervisor: string;
}

/** Which virtual machines are asked about; libvirt chooses what is absent. */
export interface DomainCapabilitiesQuery {
  readonly arch?: string;
  /** A machine type, `q35` or one with its version. */
  readonly machine?: string;
  readonly virtType?: "kvm" | "qemu";
}

/** `paused`: the vCPUs wait for resumeDomain. `validate`: the XML must pass libvirt's schema. */
export type CreateFlag = "paused" | "validate";

/** `inactive`: as it would start next. `migratable`: as another libvirt would take it. */
export type XmlFlag = "inactive" | "migratable";

/**
 * One connection to a libvirtd. Every method throws a PortError:
 * - NoDomain: the daemon knows no domain of this uuid;
 * - LibvirtError: it refused or failed, with libvirt's code;
 * - TimedOut: no answer in time; whether the effect happened is not known. The daemon still works on
 *   the call, and four such calls keep all others waiting: close the connection then, and reconnect;
 * - Unavailable: the connection is closed, or too many calls wait;
 * - ProtocolError: the daemon sent what it may not; the connection is closed then.
 *
 * No method tries again, and none blocks the others: calls may overlap.
 */
export interface LibvirtConnection {
  /**
   * Resolves once the connection is over: with undefined after close(), else with what ended it.
   * Domains live on without it.
   */
  readonly closed: Promise<PortError | undefined>;

  /**
   * Calls `listener` for the events of every domain until the returned function is called or the
   * connection closes. Subscribe first and list after: then nothing is missed.
   */
  subscribe(listener: DomainEventListener): () => void;

  getVersions(): Promise<LibvirtVersions>;
  /** The host as libvirt sees it: capabilities XML. */
  getCapabilities(): Promise<string>;
  /** What a domain of this kind may have: domain capabilities XML. */
  getDomainCapabilities(query: DomainCapabilitiesQuery): Promise<string>;

  /**
   * Every domain that the daemon knows, in no order. One that was killed while it started a domain
   * knows it for a moment after its own start, as `paused starting-up` or `shutdown`, and ends it.
   */
  listDomains(): Promise<readonly Domain[]>;
  lookupDomain(uuid: string): Promise<Domain | undefined>;
  getDomainStatus(uuid: string): Promise<DomainStatus>;
  getDomainXml(uuid: string, flags?: readonly XmlFlag[]): Promise<string>;

  /**
   * Defines and starts a transient domain; done when its vCPUs run. Refused with LibvirtError
   * `OperationInvalid` when it is active, `OperationFailed` when another domain has its name,
   * `XmlError` or `ConfigUnsupported` when the XML is at fault: nothing stays behind then.
   */
  createDomain(xml: string, flags?: readonly CreateFlag[]): Promise<Domain>;
  /**
   * Asks the guest to power off: by its power button, or by its agent. Done when asked; the guest
   * may ignore it. Safe to call again.
   */
  shutdownDomain(uuid: string, by: "acpi" | "agent"): Promise<void>;
  /**
   * Ends QEMU. `graceful` sends SIGTERM only, so that caches reach the disk, and throws LibvirtError
   * when QEMU does not end; `forced` goes on to SIGKILL. Done when the domain is gone; NoDomain says
   * the same, also of one that this call ended while the daemon was still reattaching to it.
   */
  destroyDomain(uuid: string, how: "graceful" | "forced"): Promise<void>;
  /** Stops the vCPUs. Safe to call again. */
  suspendDomain(uuid: string): Promise<void>;
  /** Lets the vCPUs run. Throws LibvirtError `OperationInvalid` when they do. */
  resumeDomain(uuid: string): Promise<void>;
  /** Presses the reset button: QEMU lives on, the guest boots anew. */
  resetDomain(uuid: string): Promise<void>;

  /**
   * Sends one JSON command to the guest agent and returns its JSON answer, which the guest's owner
   * controls. Throws LibvirtError `AgentUnresponsive` when no agent answers.
   */
  sendAgentCommand(uuid: string, command: string, timeoutSeconds: number): Promise<string>;

  /** Ends the connection; calls under way throw Unavailable. Safe to call again. */
  close(): void;
}

export interface ConnectOptions {
  /** For connecting and opening together; TimedOut is thrown after it. */
  readonly timeoutSeconds: number;
}

/** Access to libvirt daemons that run in session mode and ask for no authentication. */
export interface Libvirt {
  /**
   * Opens a connection by the daemon's Unix socket. Throws Unavailable when nobody listens there,
   * Refused `AuthenticationRequired` when the daemon asks who we are, else as the methods of
   * LibvirtConnection. Reconnecting is the caller's part.
   */
  connect(socketPath: string, options: ConnectOptions): Promise<LibvirtConnection>;
}

/** libvirt understood the call and answered with an error. */
export class LibvirtError extends PortError {
  /** libvirt's number for it: virErrorNumber. */
  readonly code: number;

  constructor(reason: string, code: number, message: string, retry: Retry) {
    super(reason, message, { retry });
    this.code = code;
  }
}

/** libvirt knows no domain of this uuid: its error 42. */
export class NoDomain extends NotFound {}

/** The peer sent what libvirt's protocol does not allow. */
export class ProtocolError extends PortError {
  constructor(message: string, cause?: unknown) {
    super("ProtocolError", message, { retry: "backoff", cause });
  }
}
