// SPDX-License-Identifier: Apache-2.0
import { type GuestStatus, guestStatusSchema } from "../../api/v1alpha1/guest.ts";
import { compact } from "../lib/compact.ts";
import { laterConditions, laterMembers } from "../lib/later-release.ts";
import { isBootBegun, lastBoot, stoppedBy } from "./boot.ts";
import { buildDomain, machineOf } from "./build.ts";
import type { GuestView } from "./view.ts";

/** What keeps the node from reaching the spec. */
export interface Trouble {
  readonly reason: string;
  readonly message: string;
}

/** What is under way, if anything is, and what is in its way. */
export interface Progress {
  readonly step?: GuestStatus["step"];
  readonly trouble?: Trouble | undefined;
}

const reasonLengthMax = 64;
const messageLengthMax = 1024;
/** QEMU begins its messages with the time, which would make each attempt's another one. */
const timePattern = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d{4})?:? ?/g;

/** The domain is off: never begun, ended, or not begun yet for the boot that is asked for. */
export function offStatus(view: GuestView, progress: Progress = {}): GuestStatus {
  const { status } = view.guest;
  const isStarting = isAnnounced(view);
  return compact({
    ...basis(view, progress),
    domain: isStarting ? ("Starting" as const) : ("Off" as const),
    boot: lastBoot(view),
    stoppedBy: isStarting ? undefined : stoppedBy(view),
    isReleased: view.isReleased ? true : undefined,
    startedTime: status?.startedTime,
    bootId: status?.bootId,
  });
}

/** A start that was announced, is still wanted and has not begun goes on, whatever it waits for. */
function isAnnounced(view: GuestView): boolean {
  const { status, spec, metadata } = view.guest;
  const isWanted = spec.runState === "Running" && metadata.deletionTimestamp === undefined;
  const isTold = status?.domain === "Starting" && status.boot === spec.boot;
  // One that has begun and is off again ended before anybody could tell that it ran.
  return isWanted && !view.isReleased && isTold && !isBootBegun(view);
}

/** The boot that the spec asks for is about to begin. */
export function startingStatus(view: GuestView, progress: Progress = {}): GuestStatus {
  return compact({
    ...basis(view, { step: "Starting", ...progress }),
    domain: "Starting" as const,
    boot: view.guest.spec.boot,
  });
}

/** The domain is there: its vCPUs run, stand still, or were asked to come to an end. */
export function onStatus(
  view: GuestView,
  domain: "Running" | "Paused" | "Stopping",
  progress: Progress = {},
): GuestStatus {
  const { guest, record, host, now } = view;
  const { status, spec } = guest;
  const isStopping = domain === "Stopping";
  const boot = isStopping ? (status?.boot ?? spec.boot) : spec.boot;
  const isKnown = status?.boot === boot && status.startedTime !== undefined;
  return compact({
    ...basis(view, progress),
    domain,
    boot,
    startedTime: isKnown ? status.startedTime : now,
    bootId: record?.boot?.hostBootId ?? host.bootId,
    machine: machineNow(view),
  });
}

/** Nothing is said of the domain that was not said before. */
export function unchangedStatus({ guest }: GuestView): GuestStatus {
  return guest.status ?? {};
}

/** The host does not take the guest. It has nothing of it. */
export function refusedStatus(view: GuestView): GuestStatus {
  return compact({ ...basis(view, {}), domain: "Off" as const });
}

function basis(view: GuestView, { step, trouble }: Progress): GuestStatus {
  const { guest, record, claim } = view;
  const conditions = laterConditions(guest.status?.conditions);
  return compact({
    ...laterMembers(guestStatusSchema.shape, guest.status),
    ...(conditions.length > 0 && { conditions: [...conditions] }),
    observedGeneration: guest.metadata.generation,
    claim: claim ?? guest.status?.claim,
    step,
    machine: guest.status?.machine,
    networks: networksNow(view),
    imageDigest: record?.imageDigest,
    error: trouble === undefined ? undefined : errorOf(view, trouble),
  });
}

/** As they were connected last: a new agent has yet to see them, and a pod that is to come will be told. */
function networksNow({ guest, network }: GuestView): GuestStatus["networks"] {
  return network === undefined ? guest.status?.networks : [...network.connected];
}

/** Frozen at the first boot; libvirt's XML tells what QEMU made of the machine family. */
function machineNow({ guest, domain, host }: GuestView): GuestStatus["machine"] {
  const known = guest.status?.machine;
  if (known?.type !== undefined || domain.kind !== "present") return known;
  const virtType = host.virtType ?? guest.spec.domain.machine.virtType;
  if (virtType === undefined) return known;
  return machineOf(buildDomain(guest, virtType), domain.machineType, host.guestImage);
}

function errorOf({ guest, now }: GuestView, trouble: Trouble): NonNullable<GuestStatus["error"]> {
  const before = guest.status?.error;
  const reason = trouble.reason.slice(0, reasonLengthMax);
  const message = trouble.message.replace(timePattern, "").slice(0, messageLengthMax);
  return { reason, message, time: before?.reason === reason ? before.time : now };
}
