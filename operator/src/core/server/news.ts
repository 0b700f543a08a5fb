// SPDX-License-Identifier: Apache-2.0
import type { ServerStatus } from "../../api/v1alpha1/server.ts";
import { conditionOf } from "../lib/condition-set.ts";

/** One thing that its owner is told of a server. */
export interface News {
  readonly type: "Normal" | "Warning";
  /** One CamelCase word: what happened, or why it does not. */
  readonly reason: string;
  /** One CamelCase word: what was being done. */
  readonly action: string;
  /** A sentence that names cause and cure. */
  readonly note: string;
}

/** What a change of the status is worth telling: each transition once, and nothing of progress. */
export function newsOf(before: ServerStatus, after: ServerStatus): News[] {
  return [grant, power, deletion, trouble]
    .map((tell) => tell(before, after))
    .filter((news) => news !== undefined);
}

type Teller = (before: ServerStatus, after: ServerStatus) => News | undefined;

const grant: Teller = ({ run: last }, { run, decision }) => {
  if (run?.state !== "Granted" || run.token === last?.token) return undefined;
  const note = `${run.host} was chosen of ${decision?.considered ?? 0} hypervisors`;
  return { type: "Normal", reason: "Scheduled", action: "Schedule", note };
};

const power: Teller = (before, after) => {
  if (before.phase === after.phase) return undefined;
  if (after.phase === "ACTIVE") {
    const note = `the guest runs on ${after.hypervisor}`;
    return { type: "Normal", reason: "Started", action: "Start", note };
  }
  if (after.phase !== "SHUTOFF") return undefined;
  const { stoppedBy = "User" } = after;
  if (stoppedBy !== "User") return before.phase === "ACTIVE" ? loss(after, stoppedBy) : undefined;
  return { type: "Normal", reason: "Stopped", action: "Stop", note: "the guest is off" };
};

const losses = {
  Host: ["HostLost", "the hypervisor restarted under the guest"],
  Pod: ["PodLost", "the server pod went away under the guest"],
  Guest: ["GuestShutdown", "the guest shut itself down"],
  Crash: ["GuestCrashed", "the guest's QEMU ended by itself"],
} as const;

/** A guest that is started again at once is as its spec asks before anybody could read why it is not. */
function loss({ taskState }: ServerStatus, cause: keyof typeof losses): News | undefined {
  if (taskState !== "powering-on") return undefined;
  const [reason, what] = losses[cause];
  const note = `${what}; it is started again with the same disk`;
  return { type: "Warning", reason, action: "Restart", note };
}

const deletion: Teller = (before, after) => {
  if (after.taskState !== "deleting" || before.taskState === "deleting") return undefined;
  const note = conditionOf(after.conditions, "Ready")?.message ?? "";
  return { type: "Normal", reason: "Deleting", action: "Delete", note };
};

const quiet: readonly (string | undefined)[] = ["Progressing", "Deleting"];

/** Why the server is not as its spec asks, whenever that reason is another one. */
const trouble: Teller = (before, after) => {
  const ready = conditionOf(after.conditions, "Ready");
  const last = conditionOf(before.conditions, "Ready");
  if (ready === undefined || ready.status === "True" || quiet.includes(ready.reason)) {
    return undefined;
  }
  if (last?.reason === ready.reason) return undefined;
  return { type: "Warning", reason: ready.reason, action: "Reconcile", note: ready.message };
};
