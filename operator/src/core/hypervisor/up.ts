// SPDX-License-Identifier: Apache-2.0
import type { Verdict } from "../lib/condition-set.ts";
import { conditionOf } from "../lib/condition-set.ts";
import type { HypervisorStatus } from "../../api/v1alpha1/hypervisor.ts";

/** What was seen of an agent's Lease, timed by the observer's own clock: no other clock is trusted. */
export interface Heartbeat {
  /** What the Lease said last; a change of it is a beat. */
  readonly renewTime: string;
  /** Monotonic time in ms of the last beat, or of the first look when none was seen yet. */
  readonly sinceMs: number;
  readonly hasBeaten: boolean;
  /** The API server itself was asked since, and knew of no later beat: it is not our watch that is silent. */
  readonly isConfirmed?: true;
}

/** Looks at a Lease once more. The first look proves nothing: the agent may be long dead. */
export function hear(before: Heartbeat | undefined, renewTime: string, nowMs: number): Heartbeat {
  if (before === undefined) return { renewTime, sinceMs: nowMs, hasBeaten: false };
  return before.renewTime === renewTime ? before : { renewTime, sinceMs: nowMs, hasBeaten: true };
}

/** What the API server answered when asked for the Lease; undefined when there is none. */
export function confirm(
  before: Heartbeat,
  renewTime: string | undefined,
  nowMs: number,
): Heartbeat {
  const heard = renewTime === undefined ? before : hear(before, renewTime, nowMs);
  return heard === before ? { ...before, isConfirmed: true } : heard;
}

/** What is to be said of the host, and when it would have to be said otherwise if nothing is heard. */
export interface Liveness {
  readonly verdict: Verdict;
  /** Undefined when only a beat changes it. */
  readonly staleAfterSeconds: number | undefined;
  /** A host that was up is silent: before it is called down, the API server has to be asked. */
  readonly isDoubted?: true;
}

/**
 * Whether the hypervisor is up. A new leader that has heard no beat yet keeps what was said before for a
 * full period: it has no reason to call anybody dead. Source: nova-semantics 6.4. Differs: Nova compares
 * the agent's clock with its own.
 */
export function livenessOf(
  heartbeat: Heartbeat | undefined,
  status: HypervisorStatus | undefined,
  clock: { readonly nowMs: number; readonly upAfterSeconds: number },
): Liveness {
  if (heartbeat === undefined) return { verdict: neverReported, staleAfterSeconds: undefined };
  const silentSeconds = (clock.nowMs - heartbeat.sinceMs) / 1000;
  const staleAfterSeconds = clock.upAfterSeconds - silentSeconds;
  const isSaidUp = conditionOf(status?.conditions, "Up")?.status === "True";
  if (staleAfterSeconds <= 0) {
    const isDoubted = isSaidUp && heartbeat.isConfirmed !== true;
    if (isDoubted) return { verdict: fresh, staleAfterSeconds: undefined, isDoubted };
    return { verdict: stale, staleAfterSeconds: undefined };
  }
  if (heartbeat.hasBeaten) return { verdict: fresh, staleAfterSeconds };
  return { verdict: isSaidUp ? fresh : unheard, staleAfterSeconds };
}

const fresh: Verdict = {
  type: "Up",
  status: "True",
  reason: "HeartbeatFresh",
  message: "the agent's Lease is renewed in time",
};

const stale: Verdict = {
  type: "Up",
  status: "False",
  reason: "HeartbeatStale",
  message:
    "the agent's Lease is not renewed: look at the node, its network and the agent's pod; " +
    "servers here are not started elsewhere by themselves",
};

const unheard: Verdict = { ...stale, message: "no heartbeat was seen yet" };

const neverReported: Verdict = {
  type: "Up",
  status: "False",
  reason: "NeverReported",
  message: "no agent has reported from this node: look for the agent's pod on it",
};
