// SPDX-License-Identifier: Apache-2.0
// How domains and what libvirt says of them look on the wire.
import type { Domain, DomainStatus, LifecycleChange } from "../../ports/libvirt.ts";
import { lifecycleDetails, statusReasons } from "../../ports/libvirt.ts";
import { textBytesMax } from "./message.ts";
import { int32, opaque, struct, text, XdrError, type Codec } from "./xdr.ts";

const uuidBytes = opaque(16);
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const inactiveId = -1;

export const longText = text(textBytesMax);

/** Sixteen bytes; canonical lower case on our side. */
export const uuid: Codec<string> = {
  write(writer, value) {
    if (!uuidPattern.test(value)) throw new XdrError(`${value} is not a uuid`);
    uuidBytes.write(writer, Buffer.from(value.replaceAll("-", ""), "hex"));
  },
  read(reader) {
    const hex = Buffer.from(uuidBytes.read(reader)).toString("hex");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  },
};

const names = struct<Domain>({ name: longText, uuid });

/** A third member on the wire, a number that changes with each start, is of no use to us. */
export const domain: Codec<Domain> = {
  write(writer, value) {
    names.write(writer, value);
    int32.write(writer, inactiveId);
  },
  read(reader) {
    const value = names.read(reader);
    int32.read(reader);
    return value;
  },
};

/** A domain as a call names it: the QEMU driver finds by uuid and only quotes the name. */
export const domainRef: Codec<string> = {
  write: (writer, value) => domain.write(writer, { name: "", uuid: value }),
  read: (reader) => domain.read(reader).uuid,
};

const states = Object.keys(statusReasons) as (keyof typeof statusReasons)[];

export function statusOf(state: number, reason: number): DomainStatus {
  const word = states[state] ?? "nostate";
  return { state: word, reason: statusReasons[word][reason] ?? "unknown" } as DomainStatus;
}

const events = Object.keys(lifecycleDetails) as (keyof typeof lifecycleDetails)[];

/** Undefined for an event that a newer libvirt may have added: nothing can be said of it. */
export function lifecycleChangeOf(event: number, detail: number): LifecycleChange | undefined {
  const word = events[event];
  if (word === undefined) return undefined;
  return { event: word, detail: lifecycleDetails[word][detail] ?? "unknown" } as LifecycleChange;
}
