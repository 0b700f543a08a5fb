// SPDX-License-Identifier: Apache-2.0
import type { Condition } from "../../api/define-kind.ts";
import type { ServerStatus } from "../../api/v1alpha1/server.ts";
import { finalizer } from "../../api/names.ts";
import { markChange, podMarks } from "../guest/pod-marks.ts";
import { conditionOf } from "../lib/condition-set.ts";
import { isEqual } from "../lib/equal.ts";
import { secondsSince } from "../lib/time.ts";
import { type AssumedClaim, groupKey } from "../scheduler/claims.ts";
import type { Decision } from "./action.ts";
import { actions } from "./actions/index.ts";
import { type ServerObservation, type ServerState, stateOf } from "./state.ts";
import { statusOf } from "./status.ts";
import { project, type Step } from "./steps.ts";
import { upkeep } from "./upkeep.ts";

/** All that shall be done about a Server now. Empty steps: it is as it should be, or has to wait. */
export interface ServerPlan {
  readonly steps: readonly Step[];
  /** What the Server's status shall say, written or not. */
  readonly status: ServerStatus;
  /** A claim that the steps will make: count it before they are done. */
  readonly claim: AssumedClaim | undefined;
  readonly againAfterSeconds: number | undefined;
}

/** News that only say how far something is are written at most this often, for each thing under way. */
const progressSeconds = 10;

/**
 * Decides what to do about a Server. Doing it and planning again with what is then observed gives no
 * further steps until something else changes; a crash between any two steps leaves a state from which
 * the same end is reached.
 */
export function plan(observation: ServerObservation): ServerPlan {
  const state = withoutOldRefusal(stateOf(observation));
  const decision = merge([...begin(state), ...upkeep(state)]);
  const steps = withoutDone(decision.steps ?? [], state);
  const after = stateAfter(state, decision, steps);
  const status = statusOf(after, decision.refusal);
  const writeAfterSeconds = secondsUntilWritten(state.status, status, observation.nowMs);
  const isWritten =
    writeAfterSeconds === 0 && !steps.some(({ kind }) => kind === "RemoveFinalizer");
  const write: Step[] = isWritten ? [{ kind: "WriteStatus", status }] : [];
  return {
    steps: inOrder([...steps, ...write]),
    status,
    claim: claimOf(decision),
    againAfterSeconds: soonest([decision.againAfterSeconds, writeAfterSeconds]),
  };
}

/** Whoever did what was refused to us, another leader for example, or took back what was asked: it is so. */
function withoutOldRefusal(state: ServerState): ServerState {
  const { guest, pod, server, markRefusal } = state;
  if (guest === undefined || pod === undefined) return { ...state, markRefusal: undefined };
  const current = { ...state, creationRefusal: undefined };
  // Hardly ever is anything refused, and every plan comes by here.
  if (markRefusal === undefined) return current;
  const isMarked = markChange(pod.marks, podMarks(server, guest.spec.domain)) === undefined;
  return isMarked ? { ...current, markRefusal: undefined } : current;
}

/** The first action that is due and allowed, begun. */
function begin(state: ServerState): Decision[] {
  const due = actions.find(
    (action) => action.allowedFrom.includes(state.vm) && action.isDue(state),
  );
  return due === undefined ? [] : [due.plan(state)];
}

function merge(decisions: readonly Decision[]): Decision {
  const refusal = decisions.find((decision) => decision.refusal !== undefined)?.refusal;
  const againAfterSeconds = soonest(decisions.map((decision) => decision.againAfterSeconds));
  return {
    steps: decisions.flatMap(({ steps = [] }) => steps),
    record: Object.assign({}, ...decisions.map(({ record }) => record)) as Partial<ServerStatus>,
    ...(refusal !== undefined && { refusal }),
    ...(againAfterSeconds !== undefined && { againAfterSeconds }),
  };
}

function withoutDone(steps: readonly Step[], { server }: ServerState): Step[] {
  const hasFinalizer = server.metadata.finalizers?.includes(finalizer) === true;
  return steps.filter(({ kind }) => kind !== "AddFinalizer" || !hasFinalizer);
}

/** What will be so when the steps are done: a status that tells of it need not be corrected at once. */
function stateAfter(state: ServerState, decision: Decision, steps: readonly Step[]): ServerState {
  const released = releasedRun(state);
  const status: ServerStatus = {
    ...state.status,
    ...(released !== undefined && { run: released }),
    ...decision.record,
  };
  return stateOf(project({ ...state, server: { ...state.server, status } }, steps));
}

/** The proof that a run is over is kept before the Guest that gives it may go. */
function releasedRun({ run, guest, vm, isDeleting }: ServerState): ServerStatus["run"] {
  const isOver = guest !== undefined && !isDeleting && (vm === "pending" || vm === "error");
  return run !== undefined && isOver ? { ...run, state: "Released" } : undefined;
}

/**
 * The order that a crash may cut anywhere: nothing stands without the finalizer, what was changed is
 * told after it was done, no Guest is made before the status says that it has the run right, and what
 * quota or policy may refuse comes last, so that all else was done and told.
 */
const order: readonly Step["kind"][] = [
  "AddFinalizer",
  "PatchGuest",
  "DeleteGuest",
  "AbandonGuest",
  "DeletePod",
  "MarkPod",
  "WriteStatus",
  "CreateGuest",
  "CreatePod",
  "RemoveFinalizer",
];

function inOrder(steps: readonly Step[]): Step[] {
  return steps.toSorted((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
}

/** 0: at once; undefined: never, nothing changed. */
function secondsUntilWritten(
  before: ServerStatus,
  after: ServerStatus,
  nowMs: number,
): number | undefined {
  if (isEqual(before, after)) return undefined;
  if (!isEqual(headline(before), headline(after))) return 0;
  const since = secondsSince(conditionOf(before.conditions, "Ready")?.lastTransitionTime, nowMs);
  return Math.max(0, progressSeconds - since);
}

/**
 * What is news at once: all but how far something is that goes on as planned. Nobody answers at the
 * addresses of a guest that is being built; they come with ACTIVE.
 */
function headline(status: ServerStatus): object {
  const { conditions = [], decision: _decision, machine: _machine, addresses, ...news } = status;
  const judged = conditions.filter(({ type }) => type !== "Scheduled");
  const reached = status.phase === "BUILD" ? undefined : addresses;
  return { ...news, addresses: reached, conditions: judged.map(verdictOf) };
}

function verdictOf({ type, status, reason }: Condition): readonly string[] {
  return reason === "Progressing" ? [type, status] : [type, status, reason];
}

/** Of a run that is granted; a Guest that is made again stands in the caches by its Server. */
function claimOf({ steps = [], record }: Decision): AssumedClaim | undefined {
  const step = steps.find(({ kind }) => kind === "CreateGuest");
  if (step?.kind !== "CreateGuest" || record?.run === undefined) return undefined;
  const { metadata, spec } = step.guest;
  const { host, resources, uid, group } = spec;
  const holder = {
    serverUid: spec.server.uid,
    isBuilding: true,
    hasFailed: false,
    ...(group !== undefined && { group: groupKey(metadata.namespace, group.name) }),
  };
  return { guest: metadata.name, host, resources, uid, holder };
}

function soonest(delays: readonly (number | undefined)[]): number | undefined {
  const known = delays.filter((delay): delay is number => delay !== undefined && delay > 0);
  return known.length === 0 ? undefined : Math.min(...known);
}
