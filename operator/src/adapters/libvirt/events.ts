// SPDX-License-Identifier: Apache-2.0
// The events that are asked for, as data: to add one is to add an entry.
import type { DomainEvent } from "../../ports/libvirt.ts";
import { domain, lifecycleChangeOf } from "./domain.ts";
import { isSameProgram, type Message } from "./message.ts";
import { remoteProgram } from "./procedures.ts";
import { int32, struct, XdrError, type Codec, type XdrReader } from "./xdr.ts";

/** One kind of event: how it is asked for, and how its messages read. */
export interface EventKind {
  /** virDomainEventID: what is registered for. */
  readonly id: number;
  /** The procedure number that its messages carry. */
  readonly procedure: number;
  /** Undefined when the event is of a sort that this version knows nothing of. */
  readonly read: (body: XdrReader) => DomainEvent | undefined;
}

const agentStates = [undefined, "connected", "disconnected"] as const;
const agentReasons = ["unknown", "domain-started", "channel"] as const;

export const eventKinds: readonly EventKind[] = [
  defineEvent(0, 318, struct({ domain, event: int32, detail: int32 }), (message) => {
    const change = lifecycleChangeOf(message.event, message.detail);
    return change && { kind: "lifecycle", domain: message.domain, ...change };
  }),
  defineEvent(1, 319, struct({ domain }), (message) => ({
    kind: "reboot",
    domain: message.domain,
  })),
  defineEvent(18, 348, struct({ domain, state: int32, reason: int32 }), (message) => {
    const state = agentStates[message.state];
    const reason = agentReasons[message.reason] ?? "unknown";
    return state && { kind: "agent-lifecycle", domain: message.domain, state, reason };
  }),
];

function defineEvent<Layout>(
  id: number,
  procedure: number,
  layout: Codec<Layout>,
  eventOf: (message: Layout) => DomainEvent | undefined,
): EventKind {
  return { id, procedure, read: (body) => eventOf(layout.read(body)) };
}

/** Reads event messages, and knows under which number libvirtd calls back for each kind. */
export class EventReader {
  readonly #callbacks = new Map<EventKind, number>();

  /** libvirtd answered a registration with the number of its callback. */
  registered(kind: EventKind, callback: number): void {
    this.#callbacks.set(kind, callback);
  }

  /** Throws XdrError for an event that was not asked for. */
  read({ header, body }: Message): DomainEvent | undefined {
    const kind = eventKinds.find(({ procedure }) => procedure === header.procedure);
    const callback = body.int32();
    if (
      kind === undefined ||
      !isSameProgram(header.program, remoteProgram) ||
      this.#callbacks.get(kind) !== callback
    ) {
      throw new XdrError(`event ${header.procedure} for callback ${callback} was not asked for`);
    }
    const event = kind.read(body);
    body.end();
    return event;
  }
}
