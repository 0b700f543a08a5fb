// SPDX-License-Identifier: Apache-2.0
import type { Reason } from "../../api/conditions.ts";
import type { Guest } from "../../api/kinds.ts";
import { annotation } from "../../api/names.ts";
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import { asksAgent, describeProbe } from "../guest/readiness-probe.ts";
import type { Verdict } from "../lib/condition-set.ts";
import { describeList } from "../lib/list.ts";
import type { Decision } from "./action.ts";
import { missingAttachment } from "./attachments.ts";
import { isRestarted } from "./restart-policy.ts";
import { type ServerState, isOn, isSettledOff } from "./state.ts";
import { isUnbegun, unplacedPod } from "./unplaced.ts";

type Judgement = Omit<Verdict, "type">;

const no = (reason: Reason | (string & {}), message: string): Judgement => ({
  status: "False",
  reason,
  message,
});
const yes = (reason: Reason, message: string): Judgement => ({ status: "True", reason, message });
const progressing = (message: string): Judgement => no("Progressing", message);

/** Whether the server is as its spec asks, and if not, why, and what a person can do about it. */
export function readiness(state: ServerState, refusal: Decision["refusal"]): Judgement {
  const { run, vm, isHostUp } = state;
  if (state.isDeleting) return no("Deleting", deletionMessage(state));
  if (vm === "error") return no("DiskLost", diskLostMessage(state));
  if (refusal !== undefined) return no(refusal.reason, refusal.message);
  if (run === undefined || vm === "pending") return progressing("a hypervisor is being chosen");
  return isHostUp ? guestReadiness(state) : hostUnreachable(run.host);
}

function guestReadiness(state: ServerState): Judgement {
  const { guest, creationRefusal } = state;
  if (creationRefusal !== undefined) return no("PodRefused", creationRefusal.message);
  if (guest === undefined) return progressing("the Guest is being made");
  const { error, claim } = guest.status ?? {};
  if (claim?.state === "Refused") {
    const why = claim.message ?? "it gave no reason";
    return no("ClaimRefused", `${guest.spec.host} refused the claim: ${why}`);
  }
  if (error !== undefined) return no(error.reason, errorMessage(state, error));
  return powerReadiness(state, guest);
}

/** A host knows an image by its bytes alone; its owner knows it by its name. */
function errorMessage(
  { status, run }: ServerState,
  { reason, message }: NonNullable<GuestStatus["error"]>,
): string {
  const image = status.image?.name;
  if (image === undefined || run === undefined || !reason.startsWith("Image")) return message;
  return `image ${image} on ${run.host}: ${message}`;
}

function powerReadiness(state: ServerState, guest: NonNullable<ServerState["guest"]>): Judgement {
  const { domain, stoppedBy } = guest.status ?? {};
  if (guest.spec.runState === "Stopped") {
    if (isSettledOff(guest)) return yes("PoweredOff", "the guest is off, as the spec asks");
    return isOn(guest) ? progressing("the guest is shutting down") : preparation(state, guest);
  }
  if (domain === "Running" && guest.status?.boot === guest.spec.boot) {
    return yes("AsDesired", `the guest runs on ${guest.spec.host}`);
  }
  if (domain === "Paused") {
    const cure = "if its disk is full, make room there";
    return no("GuestPaused", `the guest's vCPUs stand still on ${guest.spec.host}: ${cure}`);
  }
  if (!isSettledOff(guest)) return preparation(state, guest);
  return offBy(stoppedBy, isRestarted(state.server.spec, stoppedBy));
}

/** How far a guest is that does not run yet, or what its node has against it. */
function preparation(state: ServerState, guest: NonNullable<ServerState["guest"]>): Judgement {
  const missing = state.pod === undefined ? missingAttachment(state) : undefined;
  if (missing !== undefined) return no(missing.reason, missing.message);
  const unplaced = unplacedPod(state);
  if (unplaced?.waitSeconds !== 0) return progressing(progressOf(state, guest.status));
  const { host } = guest.spec;
  const next = isUnbegun(state, guest)
    ? "another hypervisor is tried"
    : `the server's disk is on ${host}, so make room there`;
  return no("PodUnplaced", `${host} does not take the server pod; ${next}. The ${unplaced.cause}`);
}

/** Why a guest that shall run is off, and what starts it again. */
function offBy(cause: GuestStatus["stoppedBy"], isStartedAgain: boolean): Judgement {
  const next = isStartedAgain
    ? "it is started again with the same disk"
    : "to start it again, set powerState to Stopped and then to Running";
  switch (cause) {
    case "Guest":
      return no("GuestShutdown", `the guest shut itself down; ${next}`);
    case "Crash":
      return no("GuestCrashed", `the guest's QEMU ended by itself; ${next}`);
    case "Host":
      return no("HostLost", `the hypervisor restarted under the guest; ${next}`);
    case "Pod":
      return no("PodLost", `the server pod went away under the guest; ${next}`);
    case "User":
    case undefined:
      return no("StartFailed", `the guest is off and its host does not say why; ${next}`);
  }
}

const steps: Readonly<Record<NonNullable<GuestStatus["step"]>, string>> = {
  FetchingImage: "fetches the image",
  PreparingDisk: "prepares the disk",
  WaitingForPod: "waits for the server pod",
  Starting: "starts the guest",
  ShuttingDown: "shuts the guest down",
};

function progressOf({ run, pod }: ServerState, status: GuestStatus | undefined): string {
  if (pod?.trouble !== undefined) return `the server pod does not run: ${pod.trouble}`;
  const host = run?.host ?? "the hypervisor";
  if (status?.claim === undefined) return `${host} was asked to take the server`;
  return `${host} ${status.step === undefined ? "prepares the guest" : steps[status.step]}`;
}

function hostUnreachable(host: string): Judgement {
  const message =
    `the agent of ${host} does not answer: bring it back; ` +
    "the server's disk is there, so it is not started elsewhere by itself";
  return { status: "Unknown", reason: "HostUnreachable", message };
}

function diskLostMessage({ run }: ServerState): string {
  const host = run?.host ?? "its host";
  return `${host} gave the server's run right and disk back for good: delete the server and make it anew`;
}

function deletionMessage({ guests, hostOf }: ServerState): string {
  const hosts = [...new Set(guests.map((guest) => guest.spec.host))];
  const silent = hosts.filter((host) => hostOf(host)?.isUp !== true);
  if (silent.length === 0) return "the hypervisor destroys the guest and its disk";
  return (
    `${describeList(silent)} must destroy the disk and does not answer: bring it back, ` +
    `or give the disk up by the annotation ${annotation.abandon}=true`
  );
}

/** Whether the guest runs and answers its probe. `ready` says why when it does not run. */
export function availability(state: ServerState, ready: Judgement): Judgement {
  const { guest, isHostUp, run } = state;
  if (guest === undefined || !isOn(guest)) return { ...ready, status: "False" };
  if (isHostUp || run === undefined) return answer(state, guest);
  return hostUnreachable(run.host);
}

/** What the probe of a guest that runs says, if it has one. */
function answer({ server, pod }: ServerState, { metadata, spec }: Guest): Judgement {
  const { readinessProbe: probe } = server.spec;
  if (probe === undefined) return yes("AsDesired", "the guest runs");
  if (asksAgent(probe) && !spec.domain.hasGuestAgent) return agentAbsent;
  const what = describeProbe(probe);
  if (pod?.isReady === true) return yes("AsDesired", `the guest answers its probe: ${what}`);
  const cure = `kubectl logs ${metadata.name} says why`;
  return no("ProbeFailing", `the guest runs, but does not answer its probe: ${what}; ${cure}`);
}

const agentAbsent = no(
  "GuestAgentAbsent",
  "the readinessProbe asks the guest's agent, for which the guest has no channel: name another probe, or build the server anew from an image with the property hw_qemu_guest_agent=yes",
);

/** What the pod of the server was to get of it and did not. */
export function podVerdicts({ markRefusal }: ServerState): Verdict[] {
  if (markRefusal === undefined) return [];
  const { message } = markRefusal;
  return [{ type: "PodOutdated", status: "True", reason: "PodChangeRefused", message }];
}

/** Whether a hypervisor accepted the claim. `ready` says why there is none. */
export function scheduling({ run, guest, vm }: ServerState, ready: Judgement): Judgement {
  if (run === undefined || vm === "pending" || vm === "error") return { ...ready, status: "False" };
  switch (guest?.status?.claim?.state) {
    case "Accepted":
      return yes("AsDesired", `${run.host} accepted the claim`);
    case "Refused":
      return { ...ready, status: "False" };
    case undefined:
      return { ...progressing(`${run.host} was chosen, its answer is awaited`), status: "Unknown" };
  }
}
