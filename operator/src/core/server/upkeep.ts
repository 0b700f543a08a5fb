// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { GuestSpec } from "../../api/v1alpha1/guest.ts";
import { markChange, type PodMarks, podMarks } from "../guest/pod-marks.ts";
import { addressClaims } from "../guest/network/address-claim.ts";
import { isReleased } from "../guest/release.ts";
import { newGuest } from "../guest/resolve.ts";
import { assert } from "../lib/assert.ts";
import { isEqual } from "../lib/equal.ts";
import { conditionOf } from "../lib/condition-set.ts";
import { secondsSince } from "../lib/time.ts";
import { groupRuleOf } from "../scheduler/group.ts";
import type { Decision } from "./action.ts";
import { missingAttachment } from "./attachments.ts";
import type { ObservedPod, ServerState } from "./state.ts";
import type { Step } from "./steps.ts";
import { isUnbegun, unplacedPod } from "./unplaced.ts";

/** After a refusal, the API server is asked again only when the cure had time to be applied. */
const refusalRestSeconds = 15;
/** A pod that failed stands at least this long, and the longer the guest has been down already. */
const failedPodSecondsMin = 2;
const failedPodSecondsMax = 60;
const failedPodShare = 1 / 4;

/** What a server that is not being deleted needs whatever its spec asks for. */
export function upkeep(state: ServerState): Decision[] {
  // With the disk lost, what is left of it is for a person to look at.
  if (state.isDeleting || state.vm === "error") return [];
  const { guest } = state;
  return [
    ...state.strays.filter((stray) => isSuperseded(stray, state)).map(giveUp),
    guest === undefined ? recreateGuest(state) : keepGuest(guest, state),
  ];
}

/** A Guest that the status does not know of may hold the only disk: a person has to look at it. */
function isSuperseded(stray: Guest, { run }: ServerState): boolean {
  return run !== undefined && stray.spec.token <= run.token;
}

/**
 * A Guest without the run right: its host gives it back for good, then it goes. Nobody asked for the disk
 * to be destroyed: that the guest never ran is what the API server says, which may have been restored
 * from a backup; its host knows, and keeps the disk of one that did.
 */
function giveUp(guest: Guest): Decision {
  if (guest.metadata.deletionTimestamp !== undefined) return {};
  if (isReleased(guest)) return { steps: [{ kind: "DeleteGuest", guest }] };
  if (guest.spec.runState === "Absent") return {};
  const spec = { runState: "Absent", disks: "Keep" } as const;
  return { steps: [{ kind: "PatchGuest", guest, spec }] };
}

/**
 * The run was granted, but there is no Guest of it: it was never made, or was lost. Making it again for
 * the same host and token gives nobody a second right: if it was released, its host says so.
 */
function recreateGuest(state: ServerState): Decision {
  const { run, server, status } = state;
  const { flavor, image, machine: { uid, ...frozen } = {}, allocation } = status;
  if (run?.state !== "Granted") return {};
  assert(
    flavor !== undefined && image !== undefined && allocation !== undefined && uid !== undefined,
    "a run is granted together with all that its Guest is made from",
  );
  const source = { flavor, image };
  const group = groupOn(run.host, state);
  const machine = { ...frozen, uid };
  const guest = newGuest({ server, run, source, machine, claim: allocation, group });
  const steps: Step[] = [{ kind: "CreateGuest", guest }, ...podSteps(guest, state)];
  return unlessRefused(state.creationRefusal, steps);
}

/** What a Guest on the host carries of the server's group. */
function groupOn(host: string, { server, serverGroup, hostOf }: ServerState): GuestSpec["group"] {
  const zone = hostOf(host)?.zone;
  return groupRuleOf(server.spec.serverGroup, serverGroup, { host, zone });
}

/** Its host came into another zone: other hosts judge members of the group by what this Guest says. */
function movedGroup(guest: Guest, state: ServerState): GuestSpec["group"] {
  const group = groupOn(guest.spec.host, state);
  const isMoved = group?.rule !== undefined && !isEqual(group, guest.spec.group);
  return isMoved ? group : undefined;
}

function keepGuest(guest: Guest, state: ServerState): Decision {
  if (guest.metadata.deletionTimestamp !== undefined || isReleased(guest)) return {};
  if (guest.spec.runState === "Absent") return {};
  const group = movedGroup(guest, state);
  if (group !== undefined) return { steps: [{ kind: "PatchGuest", guest, spec: { group } }] };
  return keepClaim(guest, state);
}

function keepClaim(guest: Guest, state: ServerState): Decision {
  // Giving up ends the server on its disk: never for a claim that was refused after the first boot.
  if (guest.status?.claim?.state === "Refused") return state.isBuilt ? {} : giveUp(guest);
  const unplaced = unplacedPod(state);
  if (unplaced !== undefined && unplaced.waitSeconds > 0) {
    return { againAfterSeconds: unplaced.waitSeconds };
  }
  // A node that has no room for the pod is no host for the server; one with the disk is the only one.
  if (unplaced !== undefined && isUnbegun(state, guest)) return giveUp(guest);
  return keepPod(guest, state);
}

/** A stopped server keeps its pod as well: what it requests keeps the server's place on the node. */
function keepPod(guest: Guest, state: ServerState): Decision {
  const { pod, nowMs } = state;
  if (pod === undefined) {
    return unlessRefused(state.creationRefusal, podSteps(guest, state));
  }
  if (pod.isDeleting) return {};
  const hasEnded = pod.phase === "Failed" || pod.phase === "Succeeded";
  if (!hasEnded) return markPod(pod, podMarks(state.server, guest.spec.domain), state.markRefusal);
  const podSeconds = secondsSince(pod.createdTime, nowMs);
  const waitSeconds = failedPodSeconds(state, podSeconds) - podSeconds;
  return waitSeconds > 0
    ? { againAfterSeconds: waitSeconds }
    : { steps: [{ kind: "DeletePod", pod }] };
}

function markPod(
  pod: ObservedPod,
  wanted: PodMarks,
  refusal: ServerState["markRefusal"],
): Decision {
  const change = markChange(pod.marks, wanted);
  return change === undefined ? {} : unlessRefused(refusal, [{ kind: "MarkPod", pod, change }]);
}

/** How long a failed pod stands: a share of the time that the guest was down before it was made. */
function failedPodSeconds({ status, nowMs }: ServerState, podSeconds: number): number {
  const available = conditionOf(status.conditions, "Available");
  if (available?.status !== "False") return failedPodSecondsMin;
  const downSeconds = secondsSince(available.lastTransitionTime, nowMs) - podSeconds;
  const share = downSeconds * failedPodShare;
  return Math.min(Math.max(share, failedPodSecondsMin), failedPodSecondsMax);
}

function unlessRefused(refusal: ServerState["creationRefusal"], steps: readonly Step[]): Decision {
  const restSeconds = refusalRestSeconds - (refusal?.ageSeconds ?? refusalRestSeconds);
  return restSeconds > 0 ? { againAfterSeconds: restSeconds } : { steps };
}

/**
 * The pod of a Guest, with the host's KVM device where the guest was, or will be, started under KVM. None as
 * long as a network is not there that it is to be attached to: the node would try in vain again and again.
 */
export function podSteps(guest: Guest, state: ServerState): Step[] {
  if (missingAttachment(state) !== undefined) return [];
  const frozen = guest.status?.machine ?? guest.spec.domain.machine;
  const virtType = frozen.virtType ?? state.hostOf(guest.spec.host)?.virtType;
  const claims = addressClaims(guest, state.attachmentOf);
  const choice = { isAccelerated: virtType === "kvm", claims };
  return [{ kind: "CreatePod", guest: guest.metadata.name, choice }];
}
