// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../../api/conditions.ts";
import type { Server } from "../../../api/kinds.ts";
import type { Run, ServerStatus } from "../../../api/v1alpha1/server.ts";
import { isReleased } from "../../guest/release.ts";
import { newGuest, uidOf } from "../../guest/resolve.ts";
import { type Source, takeSource } from "../../guest/source.ts";
import { describeFirst, describeList } from "../../lib/list.ts";
import { secondsSince, timestampOf } from "../../lib/time.ts";
import { groupRuleOf, groupStateOf } from "../../scheduler/group.ts";
import type { ScheduleRequest } from "../../scheduler/request.ts";
import { schedule } from "../../scheduler/schedule.ts";
import { requestFor } from "../../scheduler/server-request.ts";
import { type Decision, defineAction } from "../action.ts";
import { addressInUse, missingAttachment } from "../attachments.ts";
import type { Recall } from "../recall.ts";
import { forgottenRun, mayGrant, nextRun } from "../run-right.ts";
import type { Placement, ServerState } from "../state.ts";
import { unplacedPod } from "../unplaced.ts";
import { podSteps } from "../upkeep.ts";

/** Hosts that may refuse a server before it rests. Source: nova-semantics 1.5, max_attempts. */
const attemptsMax = 3;
const restSeconds = 30;
/** How often it is looked whether all hypervisors have spoken, and how many are named. */
const wordSeconds = 1;
const namedMax = 3;

/** Takes the copies of flavor and image, chooses a host and grants the run. */
export const build = defineAction({
  verb: "build",
  allowedFrom: ["pending"],
  isDue: ({ isDeleting }) => !isDeleting,
  plan(state) {
    if (!mayGrant(state)) return waitForRelease(state);
    const resting = restOf(state);
    if (resting !== undefined) return resting;
    const source = takeSource(state.server, state.flavor, state.image);
    if (!source.ok) return { refusal: source };
    const recall = state.recall();
    if (recall.silentHosts.length > 0) return waitForWord(recall);
    return chooseHost(state, source, recall);
  },
});

/** Before all have spoken, the server may run where the API server does not know of it. */
function waitForWord({ silentHosts }: Recall): Decision {
  const silent = describeFirst(silentHosts, namedMax);
  const message = `a new leader asks every hypervisor whether it has this server: no answer yet from ${silent}`;
  return {
    refusal: { ok: false, reason: "Progressing", message },
    againAfterSeconds: wordSeconds,
  };
}

function waitForRelease({ guests }: ServerState): Decision {
  const holders = guests.filter((guest) => !isReleased(guest)).map(({ spec }) => spec.host);
  const message = `the run right was not given back yet by ${describeList(holders)}`;
  return { refusal: { ok: false, reason: "Progressing", message } };
}

/** After several hosts refused, the server waits before it asks them again. */
function restOf({ status, nowMs }: ServerState): Decision | undefined {
  const { fault } = status;
  if (fault?.reason !== "ClaimRefused") return undefined;
  const restingSeconds = secondsSince(fault.time, nowMs);
  if (restingSeconds >= restSeconds) return undefined;
  return {
    refusal: { ok: false, reason: "ClaimRefused", message: fault.message },
    againAfterSeconds: restSeconds - restingSeconds,
  };
}

function chooseHost(state: ServerState, source: Source, recall: Recall): Decision {
  const { server, overheadMib, uidOfServer, serverGroup } = state;
  if (server.spec.serverGroup !== undefined && serverGroup === undefined) {
    return { refusal: groupNotFound(server) };
  }
  const placement = state.placement();
  const refusedHosts = [...new Set([...(state.status.refusedHosts ?? []), ...refusalOf(state)])];
  const group = serverGroup && groupStateOf(serverGroup, uidOf(server), placement.hosts);
  const asked = requestFor({ server, source, overheadMib, refusedHosts, uidOfServer, group });
  if (!asked.ok) return { refusal: asked };
  const forgotten = forgottenRun(state, recall);
  if (forgotten === undefined) return claimHost(state, source, asked.request, placement);
  const { run, uid } = forgotten;
  const choice = { allocation: asked.request.resources, machine: { uid }, refusedHosts: [] };
  return grant(state, source, choice, run);
}

function claimHost(
  state: ServerState,
  source: Source,
  request: ScheduleRequest,
  { hosts, freeUid, settings }: Placement,
): Decision {
  const unfit = missingAttachment(state) ?? addressInUse(state);
  if (unfit !== undefined) return { refusal: unfit };
  const uid = state.status.machine?.uid ?? freeUid;
  if (uid === undefined) {
    const message = "every user id of the configured range is taken: widen serverUidCount";
    return { refusal: { ok: false, reason: "NoValidHost", message } };
  }
  const { refusedHosts, resources: allocation } = request;
  const result = schedule(request, hosts, settings);
  const record = { decision: result.decision, refusedHosts: [...refusedHosts] };
  if (!result.ok) {
    const isFree = refusedHosts.length === 0;
    return isFree ? { refusal: result, record } : rest(state, result.message, record);
  }
  if (refusedHosts.length >= attemptsMax) {
    return rest(state, `${attemptsMax} hypervisors in a row did not take the server`, record);
  }
  const choice = { ...record, allocation, machine: { uid } };
  return grant(state, source, choice, nextRun(state, result.host));
}

function groupNotFound({ metadata, spec }: Server): Refusal {
  const message = `namespace ${metadata.namespace} has no server group ${spec.serverGroup}: create it`;
  return { ok: false, reason: "ServerGroupNotFound", message };
}

/** The host of the run that the server has now, if it was given up for what the host said. */
function refusalOf({ guest, run }: ServerState): string[] {
  return run !== undefined && guest?.spec.runState === "Absent" ? [run.host] : [];
}

function rest(state: ServerState, cause: string, record: Partial<ServerStatus>): Decision {
  const { guest, nowMs } = state;
  const last = guest?.status?.claim?.message ?? unplacedPod(state)?.cause;
  const detail = last === undefined ? "" : ` (the last said: ${last})`;
  const message = `${cause}${detail}; all are asked again after ${restSeconds} s`;
  const fault = { reason: "ClaimRefused", message, time: timestampOf(nowMs) };
  return {
    refusal: { ok: false, reason: "ClaimRefused", message },
    record: { ...record, refusedHosts: [], fault },
    againAfterSeconds: restSeconds,
  };
}

type Choice = Pick<ServerStatus, "decision" | "refusedHosts"> & {
  readonly allocation: NonNullable<ServerStatus["allocation"]>;
  readonly machine: { readonly uid: number };
};

function grant(state: ServerState, source: Source, choice: Choice, run: Run): Decision {
  const { server, status } = state;
  const { flavor, image } = source;
  const machine = { ...status.machine, ...choice.machine };
  const group = groupRuleOf(server.spec.serverGroup, state.serverGroup, {
    host: run.host,
    zone: state.hostOf(run.host)?.zone,
  });
  const guest = newGuest({ server, run, source, machine, claim: choice.allocation, group });
  return {
    steps: [{ kind: "AddFinalizer" }, { kind: "CreateGuest", guest }, ...podSteps(guest, state)],
    record: {
      ...choice,
      run,
      flavor,
      image,
      machine,
      pinnedAvailabilityZone: server.spec.availabilityZone,
    },
  };
}
