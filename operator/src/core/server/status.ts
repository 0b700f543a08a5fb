// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { DomainState, GuestStatus } from "../../api/v1alpha1/guest.ts";
import {
  type ServerPhase,
  type ServerStatus,
  serverStatusSchema,
  type TaskState,
} from "../../api/v1alpha1/server.ts";
import { hostnameOf } from "../guest/resolve.ts";
import { compact } from "../lib/compact.ts";
import { conditionsOf, type Verdict } from "../lib/condition-set.ts";
import { laterConditions, laterMembers } from "../lib/later-release.ts";
import { timestampOf } from "../lib/time.ts";
import type { Decision } from "./action.ts";
import { driftVerdicts, lastAppliedOf, pinnedZone } from "./drift.ts";
import { type ServerState, isOn, isSettledOff } from "./state.ts";
import { availability, podVerdicts, readiness, scheduling } from "./verdicts.ts";

/** What a server without a host waits for by itself; anything else needs its owner. */
const passingReasons: readonly string[] = [
  "FlavorNotFound",
  "ImageNotFound",
  "ServerGroupNotFound",
  "NetworkAttachmentNotFound",
  "AddressInUse",
  "NoValidHost",
  "ClaimRefused",
  "Progressing",
];

/** What a host reports of a first boot that its owner has to cure. Source: nova-semantics 1.5, abort. */
const fatalErrors: readonly string[] = [
  "ImageTooLarge",
  "ImageInvalid",
  "ImageChecksumMismatch",
  "ImageSourceRefused",
  "StartFailed",
];

/** The status that tells of the state; `refusal` is why there is no host. The same facts give the same. */
export function statusOf(state: ServerState, refusal: Decision["refusal"]): ServerStatus {
  return state.isDeleting ? deletionStatusOf(state) : livingStatusOf(state, refusal);
}

/** Deletion has no phase of its own, and how its guest ends is no news. Source: nova-semantics 1.2. */
function deletionStatusOf(state: ServerState): ServerStatus {
  const { server, status, nowMs } = state;
  const ready: Verdict = { type: "Ready", ...readiness(state, undefined) };
  const { conditions = [] } = status;
  const others = conditions.filter(({ type }) => type !== "Ready");
  return compact({
    ...status,
    observedGeneration: server.metadata.generation,
    taskState: "deleting" as const,
    conditions: [...conditionsOf([ready], conditions, timestampOf(nowMs)), ...others],
  });
}

function livingStatusOf(state: ServerState, refusal: Decision["refusal"]): ServerStatus {
  const { server, status, guest, nowMs } = state;
  const now = timestampOf(nowMs);
  const phase = phaseOf(state, refusal);
  const ready = readiness(state, refusal);
  const verdicts: Verdict[] = [
    { type: "Ready", ...ready },
    { type: "Available", ...availability(state, ready) },
    { type: "Scheduled", ...scheduling(state, ready) },
    ...(isMade(state) ? driftVerdicts(state) : []),
    ...podVerdicts(state),
  ];
  return compact({
    ...laterMembers(serverStatusSchema.shape, status),
    observedGeneration: server.metadata.generation,
    phase,
    taskState: taskStateOf(state, phase),
    powerState: powerStateOf(state, phase),
    powerStateApplied: powerStateAppliedOf(state),
    stoppedBy: guest?.status?.domain === "Off" ? guest.status.stoppedBy : undefined,
    fault: faultOf(state, phase, ready, now),
    hostname: hostnameOf(server),
    addresses: addressesOf(state),
    ...placeOf(state),
    ...sourceOf(state),
    machine: machineOf(status, guest?.status),
    timings: timingsOf(state, now),
    conditions: [
      ...conditionsOf(verdicts, status.conditions, now),
      ...laterConditions(status.conditions),
    ],
  });
}

/**
 * Where the server is reached, first, and what its guest has: as its host connected it last, so that a
 * server that is off shows what it had. Source: nova-semantics 8.1.
 */
function addressesOf({ guest, status }: ServerState): ServerStatus["addresses"] {
  const networks = guest?.status?.networks;
  if (networks === undefined) return status.addresses;
  return networks
    .flatMap(({ name, mac, addresses, reachedAt }) => [
      ...reachedAt.map((address) => ({ network: name, address, type: "floating" as const, mac })),
      ...addresses.map((address) => ({ network: name, address, type: "fixed" as const, mac })),
    ])
    .toSorted((one, other) => Number(one.type === "fixed") - Number(other.type === "fixed"));
}

/** There is something that was made from the copies of flavor and image. */
function isMade({ run, isBuilt }: ServerState): boolean {
  return run?.state === "Granted" || isBuilt;
}

/** Where the server is, and how it came there. */
function placeOf({ status, server, run, hostOf }: ServerState) {
  const { decision, refusedHosts = [] } = status;
  const trace = {
    run,
    decision,
    refusedHosts: refusedHosts.length === 0 ? undefined : refusedHosts,
  };
  if (run?.state !== "Granted") return trace;
  const zone = hostOf(run.host)?.zone ?? status.availabilityZone;
  return {
    ...trace,
    hypervisor: run.host,
    podName: run.guest,
    allocation: status.allocation,
    availabilityZone: zone,
    pinnedAvailabilityZone: pinnedZone(server, status.pinnedAvailabilityZone, zone),
  };
}

/** What it was made from. */
function sourceOf(state: ServerState) {
  if (!isMade(state)) return {};
  const { flavor, image } = state.status;
  return { flavor, image, lastApplied: lastAppliedOf(state) };
}

function timingsOf({ status, guest }: ServerState, now: string): ServerStatus["timings"] {
  return compact({
    createdTime: status.timings?.createdTime ?? now,
    startedTime: guest?.status?.startedTime ?? status.timings?.startedTime,
  });
}

/** What users see. Source: nova-semantics 1.2. Differs: PENDING, while there is no host yet. */
function phaseOf(state: ServerState, refusal: Decision["refusal"]): ServerPhase {
  switch (state.vm) {
    case "error":
      return "ERROR";
    case "pending":
      return refusal === undefined || isPassing(refusal) ? "PENDING" : "ERROR";
    case "active":
      return "ACTIVE";
    case "stopped":
      return stoppedPhase(state);
    case "building":
      return buildingPhase(state);
  }
}

function isPassing({ reason }: NonNullable<Decision["refusal"]>): boolean {
  return passingReasons.includes(reason);
}

/** A Guest that was made again has not said yet what it found: all is as it was. */
function stoppedPhase({ guest, status }: ServerState): ServerPhase {
  return guest?.status?.domain === undefined ? (status.phase ?? "SHUTOFF") : "SHUTOFF";
}

function buildingPhase({ guest }: ServerState): ServerPhase {
  if (guest === undefined) return "BUILD";
  if (fatalErrors.includes(guest.status?.error?.reason ?? "")) return "ERROR";
  return guest.spec.runState === "Stopped" && isSettledOff(guest) ? "SHUTOFF" : "BUILD";
}

/** What is under way. Source: nova-semantics 1.1. */
function taskStateOf(state: ServerState, phase: ServerPhase): TaskState | undefined {
  const { guest, vm } = state;
  if (phase === "BUILD") return "spawning";
  const hasPower = vm === "active" || vm === "stopped";
  return hasPower && guest !== undefined ? powerTask(guest) : undefined;
}

function powerTask(guest: Guest): TaskState | undefined {
  const { spec, status } = guest;
  if (spec.runState !== "Running") return isOn(guest) ? "powering-off" : undefined;
  const isStarting = status?.domain === "Starting" || (status?.boot ?? 0) < spec.boot;
  return isStarting ? "powering-on" : undefined;
}

const powerStates: Readonly<Record<Exclude<DomainState, "Off">, ServerStatus["powerState"]>> = {
  // QEMU exists, but nobody has seen its vCPUs run yet.
  Starting: undefined,
  Running: "RUNNING",
  Stopping: "RUNNING",
  Paused: "PAUSED",
};

/** What the hypervisor last said; nothing of a guest that is being built has run yet. */
function powerStateOf({ guest, status }: ServerState, phase: ServerPhase) {
  const { domain, stoppedBy } = guest?.status ?? {};
  const before = status.powerState ?? "NOSTATE";
  if (phase === "BUILD" || domain === undefined) return before;
  if (domain !== "Off") return powerStates[domain] ?? before;
  return stoppedBy === "Crash" ? "CRASHED" : "SHUTDOWN";
}

function powerStateAppliedOf({ guest, status }: ServerState): ServerStatus["powerStateApplied"] {
  const runState = guest?.spec.runState;
  return runState === undefined || runState === "Absent" ? status.powerStateApplied : runState;
}

/** The machine as the first boot froze it, with the user id that never changes. */
function machineOf(
  { machine }: ServerStatus,
  guest: GuestStatus | undefined,
): ServerStatus["machine"] {
  if (machine === undefined || guest?.machine === undefined) return machine;
  return compact({ ...machine, ...guest.machine, uid: machine.uid });
}

/** Why the server is in ERROR; a refused claim is kept while the server rests from it. */
function faultOf(
  { status, run }: ServerState,
  phase: ServerPhase,
  ready: Omit<Verdict, "type">,
  now: string,
): ServerStatus["fault"] {
  const { fault } = status;
  if (phase === "ERROR") {
    const { reason, message } = ready;
    const isSame = fault?.reason === reason && fault.message === message;
    return isSame ? fault : { reason, message, time: now };
  }
  const isResting = fault?.reason === "ClaimRefused" && run?.state !== "Granted";
  return isResting ? fault : undefined;
}
