// SPDX-License-Identifier: Apache-2.0
import type { Condition } from "../../api/define-kind.ts";
import type { Hypervisor } from "../../api/kinds.ts";
import type { HypervisorStatus } from "../../api/v1alpha1/hypervisor.ts";
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import { compact } from "../lib/compact.ts";
import { conditionOf, conditionsOf, type Verdict } from "../lib/condition-set.ts";
import { isEqual } from "../lib/equal.ts";
import { timestampOf } from "../lib/time.ts";
import { judgeIdentity } from "./known-identity.ts";
import { type Heartbeat, livenessOf } from "./up.ts";
import { usageOf } from "./usage.ts";

/** What the operator looks at of one node. */
export interface NodeObservation {
  readonly name: string;
  /** Undefined when there is no Node object. */
  readonly node: { readonly isLabelled: boolean; readonly isMarkedInUse: boolean } | undefined;
  readonly hypervisor: Hypervisor | undefined;
  readonly heartbeat: Heartbeat | undefined;
  /** What incarnations hold here. */
  readonly claims: readonly Resources[];
  readonly upAfterSeconds: number;
  readonly monotonicMs: number;
  /** Wall-clock time in ms, for what people read. */
  readonly nowMs: number;
  /** Since the status was last written; Infinity when never. */
  readonly sinceWrittenSeconds: number;
}

/** The members of Hypervisor.status that the operator owns. */
export type OperatorReport = Pick<HypervisorStatus, "state" | "usage" | "identity" | "conditions">;

export type NodeStep =
  /** Looks at the node's Lease itself, since the watch may be what is silent. */
  | { readonly kind: "AskHeartbeat"; readonly name: string }
  | { readonly kind: "CreateHypervisor"; readonly name: string }
  | { readonly kind: "DeleteHypervisor"; readonly hypervisor: Hypervisor }
  | {
      readonly kind: "ApplyStatus";
      readonly hypervisor: Hypervisor;
      readonly report: OperatorReport;
    }
  /** Keeps the node's agent, or lets it go. */
  | { readonly kind: "MarkNode"; readonly name: string; readonly isInUse: boolean };

export interface NodePlan {
  readonly steps: readonly NodeStep[];
  readonly againAfterSeconds: number | undefined;
}

/** Usage alone is written at most this often: it changes with every server. */
const usageSeconds = 5;

/**
 * Keeps a Hypervisor for each labelled node, and for each node on which servers stand whatever became of
 * its label or its Node object; says whether it is up, who it is and what is promised of it.
 */
export function planNode(observation: NodeObservation): NodePlan {
  const { node, hypervisor, name, claims } = observation;
  const isInUse = claims.length > 0;
  const isMarkDue = node !== undefined && node.isMarkedInUse !== isInUse;
  const mark: NodeStep[] = isMarkDue ? [{ kind: "MarkNode", name, isInUse }] : [];
  const isWanted = node?.isLabelled === true || isInUse;
  if (hypervisor === undefined) {
    const creation: NodeStep[] = isWanted ? [{ kind: "CreateHypervisor", name }] : [];
    return { steps: [...mark, ...creation], againAfterSeconds: undefined };
  }
  if (!isWanted) {
    return {
      steps: [...mark, { kind: "DeleteHypervisor", hypervisor }],
      againAfterSeconds: undefined,
    };
  }
  const report = planReport(observation, hypervisor);
  return { ...report, steps: [...mark, ...report.steps] };
}

function planReport(observation: NodeObservation, hypervisor: Hypervisor): NodePlan {
  const { name, heartbeat, monotonicMs, upAfterSeconds, sinceWrittenSeconds } = observation;
  const clock = { nowMs: monotonicMs, upAfterSeconds };
  const { verdict, staleAfterSeconds, isDoubted } = livenessOf(heartbeat, hypervisor.status, clock);
  if (isDoubted === true) return { steps: [{ kind: "AskHeartbeat", name }], againAfterSeconds: 0 };
  const report = reportOf(observation, hypervisor, verdict);
  const said = operatorPartOf(hypervisor.status);
  if (isEqual(report, said)) return { steps: [], againAfterSeconds: staleAfterSeconds };
  const isUsageAlone = isEqual({ ...report, usage: undefined }, { ...said, usage: undefined });
  const waitSeconds = isUsageAlone ? usageSeconds - sinceWrittenSeconds : 0;
  if (waitSeconds > 0) {
    return { steps: [], againAfterSeconds: Math.min(waitSeconds, staleAfterSeconds ?? Infinity) };
  }
  return {
    steps: [{ kind: "ApplyStatus", hypervisor, report }],
    againAfterSeconds: staleAfterSeconds,
  };
}

function reportOf(
  { claims, nowMs }: NodeObservation,
  { spec, status }: Hypervisor,
  up: Verdict,
): OperatorReport {
  const { identity, verdict } = judgeIdentity(spec, status);
  const verdicts = verdict === undefined ? [up] : [up, verdict];
  return compact({
    state: up.status === "True" ? ("up" as const) : ("down" as const),
    usage: usageOf(claims, status?.inventory),
    identity,
    conditions: conditionsOf(verdicts, status?.conditions, timestampOf(nowMs)),
  });
}

/** What the status says of what the operator owns; the agent's conditions stand between. */
export function operatorPartOf(status: HypervisorStatus | undefined): OperatorReport {
  const { state, usage, identity, conditions } = status ?? {};
  const own = (["Up", "IdentityKnown"] as const)
    .map((type) => conditionOf(conditions, type))
    .filter((condition): condition is Condition => condition !== undefined);
  return compact({ state, usage, identity, conditions: own });
}
