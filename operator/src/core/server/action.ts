// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../api/conditions.ts";
import type { ServerStatus } from "../../api/v1alpha1/server.ts";
import type { ServerState, VmState } from "./state.ts";
import type { Step } from "./steps.ts";

/** What is to be done now. Every member may be absent: nothing to do of that sort. */
export interface Decision {
  /** In any order: `plan` puts them into the order that a crash may cut anywhere. */
  readonly steps?: readonly Step[];
  /** Facts that only the status keeps: the run right, the copies of flavor and image. */
  readonly record?: Partial<ServerStatus>;
  /** Why the server has no host. */
  readonly refusal?: Refusal;
  /** Look again after this time, even if nothing happens until then. */
  readonly againAfterSeconds?: number;
}

/** Something that the spec can ask of a server. */
export interface Action {
  readonly verb: string;
  /** States in which it may begin. Source: nova-semantics 1.3. */
  readonly allowedFrom: readonly VmState[];
  /** Whether the spec asks for it and it was not begun yet. */
  isDue(state: ServerState): boolean;
  /** How it begins; called only when it is due and allowed. */
  plan(state: ServerState): Decision;
}

/** Declares an action. */
export function defineAction(action: Action): Action {
  return action;
}
