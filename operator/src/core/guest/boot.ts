// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import type { GuestRecord } from "./record.ts";
import type { GuestView } from "./view.ts";

type Boot = NonNullable<GuestRecord["boot"]>;

/** The last boot on record that counts for this Guest object. */
export function recordedBoot({ record, guest }: GuestView): Boot | undefined {
  return record?.guestUid === guest.metadata.uid ? record?.boot : undefined;
}

/**
 * Whether the boot that the spec asks for was begun. One that was announced by `Starting` alone was
 * not: the record is written before the guest's first instruction.
 */
export function isBootBegun(view: GuestView): boolean {
  const { spec, status } = view.guest;
  // A boot below the last one is begun as well: a restored API server may ask for it again.
  if ((recordedBoot(view)?.number ?? -1) >= spec.boot) return true;
  return status?.boot === spec.boot && status.domain !== "Starting";
}

/**
 * The boot that an absent domain speaks of: the last that was announced or begun. The node's disk may know
 * of a later one than a restored API server: the next has to be above it.
 */
export function lastBoot(view: GuestView): number | undefined {
  const told = view.guest.status?.boot;
  const recorded = recordedBoot(view)?.number;
  if (told === undefined || recorded === undefined) return told ?? recorded;
  return Math.max(told, recorded);
}

type Cause = NonNullable<GuestStatus["stoppedBy"]>;

/** The first cause that explains the end counts: only when none does, it was the guest's own doing. */
const causes: readonly (readonly [Cause, (view: GuestView, boot: Boot) => boolean])[] = [
  ["User", ({ guest }) => !isWanted(guest)],
  ["Host", ({ host }, boot) => host.bootId !== boot.hostBootId],
  ["Pod", ({ pod }, boot) => pod?.uid !== boot.podUid || pod.isTerminating],
  ["User", ({ guest }) => guest.status?.domain === "Stopping"],
  ["User", ({ domain }) => lastWordOf(domain) === "destroyed"],
  ["Guest", ({ domain }) => lastWordOf(domain) === "shutdown"],
];

/** Why an absent domain is off; kept once it was told. Undefined for a guest that never ran. */
export function stoppedBy(view: GuestView): Cause | undefined {
  const told = toldCause(view);
  const boot = view.record?.boot;
  if (boot === undefined || told !== undefined) return told;
  return causeOf(view, boot) ?? "Crash";
}

/**
 * Whether it will soon be known better why an absent domain is off: its libvirtd, which has the word on
 * it, is either started again or gone with its pod.
 */
export function isEndUnclear(view: GuestView): boolean {
  const { record, pod, domain } = view;
  const boot = record?.boot;
  if (boot === undefined || toldCause(view) !== undefined) return false;
  const isSilent = pod?.isReady === false && lastWordOf(domain) === undefined;
  return isSilent && causeOf(view, boot) === undefined;
}

function toldCause({ guest: { status } }: GuestView): Cause | undefined {
  return status?.domain === "Off" ? status.stoppedBy : undefined;
}

function causeOf(view: GuestView, boot: Boot): Cause | undefined {
  return causes.find(([, explains]) => explains(view, boot))?.[0];
}

function isWanted({ spec, metadata }: Guest): boolean {
  return spec.runState === "Running" && metadata.deletionTimestamp === undefined;
}

function lastWordOf(domain: GuestView["domain"]): string | undefined {
  return domain.kind === "absent" ? domain.lastWord : undefined;
}
