// SPDX-License-Identifier: Apache-2.0
import type { GuestStatus } from "../../api/v1alpha1/guest.ts";
import type { ConnectedNetwork } from "../../api/v1alpha1/network.ts";
import { finalizer } from "../../api/names.ts";
import { isBootBegun, isEndUnclear, recordedBoot } from "./boot.ts";
import {
  offStatus,
  onStatus,
  type Progress,
  refusedStatus,
  startingStatus,
  type Trouble,
  unchangedStatus,
} from "./guest-status.ts";
import type { GuestStep, GuestView } from "./view.ts";

/** What shall be done about a guest now. */
export interface GuestPlan {
  /** What the Guest's status shall say before the step is done. */
  readonly status: GuestStatus;
  /** False: it only tells how far something is that is about to be done, and need not be written. */
  readonly isReportDue: boolean;
  readonly next: Next;
}

export type Next =
  | { readonly kind: "step"; readonly step: GuestStep }
  /** Look again when something changes, and after this time even if nothing is seen to. */
  | { readonly kind: "wait"; readonly seconds?: number };

type Present = Extract<GuestView["domain"], { kind: "present" }>;

/** A start that takes longer than this is told of in steps; a quick one is one write, when it begins. */
const quietPreparationSeconds = 5;
/** The pod's init and libvirtd come without a sign that can be relied upon: looked for often at first. */
const podPollBounds = { minSeconds: 0.1, maxSeconds: 1, perSecondWaited: 0.2 };
/** Init takes the shutdown over from an agent that says nothing for 15 s. */
const podEndRepeatSeconds = 8;

/** The network under the pod may have changed, or somebody with the right to may have spoilt ours. */
const networkRepeatSeconds = 300;

const done: Next = { kind: "wait" };
/** Without libvirt: it is started again, or the pod ends. */
const lookSoon: Next = { kind: "wait", seconds: 1 };

/**
 * Decides what to do about a guest (protocol P1, P2, P4): one step at a time, each after what it relies
 * on was seen anew. A guest as it should be, or one that has to wait, has no step; planning again gives
 * the same until something else changes.
 */
export function planGuest(view: GuestView): GuestPlan {
  const { guest, domain, claim } = view;
  if (domain.kind === "unknown") return report(unchangedStatus(view), lookSoon);
  if (guest.metadata.deletionTimestamp !== undefined || guest.spec.runState === "Absent") {
    return domain.kind === "present" ? planEnd(view, domain) : planRelease(view);
  }
  if (domain.kind === "present") return planPresent(view, domain);
  if (isEndUnclear(view)) return report(unchangedStatus(view), lookSoon);
  if (view.isReleased) return report(offStatus(view), done);
  if (claim === undefined) return report(unchangedStatus(view), done);
  if (claim.state === "Refused") return report(refusedStatus(view), done);
  return planOff(view);
}

function planPresent(view: GuestView, domain: Present): GuestPlan {
  const { guest, pod, isReleased } = view;
  const isWanted = guest.spec.runState === "Running" && !isReleased;
  if (!isWanted || pod?.isTerminating === true) return planShutdown(view, domain);
  if (domain.state === "Held") return planHeld(view);
  if (isNetworkDue(view)) {
    const status = onStatus(view, domain.state, networkTrouble(view));
    return act(connect(guest.status?.networks), status);
  }
  // A domain that runs is the boot that was asked for, whichever number it was begun with.
  const status = onStatus(view, domain.state);
  if (recordedBoot(view)?.number !== guest.spec.boot) return act({ kind: "Adopt" }, status);
  return report(status, done);
}

function planHeld(view: GuestView): GuestPlan {
  const isStarting = !isBootBegun(view) || view.guest.status?.domain === "Starting";
  return act({ kind: "Resume" }, isStarting ? startingStatus(view) : onStatus(view, "Paused"));
}

/** A domain that shall be gone for good. */
function planEnd(view: GuestView, domain: Present): GuestPlan {
  if (view.guest.spec.disks === "Keep") return planShutdown(view, domain);
  // Nobody will read the disk again: there is nothing that a clean shutdown would save.
  return act({ kind: "Destroy" }, unchangedStatus(view));
}

/**
 * The guest is asked to shut down, again and again, until its time is over. One whose vCPUs stand still
 * hears nothing. Source: nova-semantics 1.3, stop.
 */
function planShutdown(view: GuestView, domain: Present): GuestPlan {
  const { guest, shutdown, pod } = view;
  const { timeoutSeconds, retryIntervalSeconds } = guest.spec.shutdown;
  const status = onStatus(view, "Stopping", {
    step: "ShuttingDown",
    trouble: failureOf(view, ["AskShutdown", "Destroy"]),
  });
  const isDeaf = domain.state !== "Running" || timeoutSeconds === 0;
  if (isDeaf || (shutdown !== undefined && shutdown.elapsedSeconds >= timeoutSeconds)) {
    return act({ kind: "Destroy" }, status);
  }
  const isPodEnding = pod?.isTerminating === true;
  const repeatSeconds = isPodEnding
    ? Math.min(retryIntervalSeconds, podEndRepeatSeconds)
    : retryIntervalSeconds;
  if (shutdown === undefined || shutdown.sinceLastSeconds >= repeatSeconds) {
    return act({ kind: "AskShutdown" }, status);
  }
  const seconds = Math.min(
    repeatSeconds - shutdown.sinceLastSeconds,
    timeoutSeconds - shutdown.elapsedSeconds,
  );
  return report(status, { kind: "wait", seconds });
}

/** The run right is given back, and only then, for a Guest that is being deleted, what the node holds. */
function planRelease(view: GuestView): GuestPlan {
  const { guest, isReleased, hasDirectory, record } = view;
  const { metadata, spec } = guest;
  if (!isReleased) return act({ kind: "Release" }, unchangedStatus(view), false);
  const status = offStatus(view, { trouble: failureOf(view, ["RemoveFiles"]) });
  const isDeleting = metadata.deletionTimestamp !== undefined;
  if (!isDeleting || metadata.finalizers?.includes(finalizer) !== true) return report(status, done);
  const hasFiles = hasDirectory || record !== undefined;
  if (hasFiles && !(spec.disks === "Keep" && mayHaveRun(view)))
    return act({ kind: "RemoveFiles" }, status);
  return act({ kind: "RemoveFinalizer" }, status);
}

/** What never ran holds nothing of anybody's. A disk that no record tells of may be somebody's. */
function mayHaveRun({ record, hasDisk }: GuestView): boolean {
  return record === undefined ? hasDisk : record.boot !== undefined;
}

function planOff(view: GuestView): GuestPlan {
  const isWanted = view.guest.spec.runState === "Running" && !isBootBegun(view);
  return isWanted ? planStart(view) : report(offStatus(view), done);
}

/** Image, disk, pod, network, in this order, then the domain. */
function planStart(view: GuestView): GuestPlan {
  const { image, hasDisk, pod, host } = view;
  if (isDiskMissing(view)) return prepare(view, { trouble: diskMissing }, done);
  if (image.kind !== "ready") return planImage(view, image);
  if (!hasDisk) {
    const trouble = failureOf(view, ["CreateDisk"]);
    return prepare(view, { step: "PreparingDisk", trouble }, stepNext("CreateDisk"));
  }
  const virtType = view.guest.spec.domain.machine.virtType ?? host.virtType;
  if (pod?.isReady !== true || pod.isTerminating || virtType === undefined) {
    const next: Next = pod === undefined ? done : { kind: "wait", seconds: podPollSeconds(view) };
    return prepare(view, { step: "WaitingForPod" }, next);
  }
  if (isNetworkNew(view)) {
    const progress = { step: "WaitingForPod", ...networkTrouble(view) } as const;
    return prepare(view, progress, { kind: "step", step: connect() });
  }
  if (pod.metadata.kind === "waiting") return planMetadata(view, pod.metadata.message);
  const trouble = failureOf(view, ["Start", "Resume"]);
  return act({ kind: "Start", virtType }, startingStatus(view, { trouble }));
}

function planImage(
  view: GuestView,
  image: Exclude<GuestView["image"], { kind: "ready" }>,
): GuestPlan {
  if (image.kind === "failed") {
    return prepare(view, { step: "FetchingImage", trouble: image }, done);
  }
  const next = image.kind === "fetching" ? done : stepNext("FetchImage");
  // Until a try succeeds, people are told why the last one did not.
  return prepare(view, { step: "FetchingImage", trouble: image.lastFailure }, next);
}

/** The pod's program looks for what it misses every second, and says so when it has all. */
function planMetadata(view: GuestView, message: string | undefined): GuestPlan {
  const trouble = message === undefined ? undefined : { reason: "MetadataIncomplete", message };
  const next: Next = { kind: "wait", seconds: podPollSeconds(view) };
  return prepare(view, { step: "WaitingForPod", trouble }, next);
}

function podPollSeconds({ preparingSeconds }: GuestView): number {
  const { minSeconds, maxSeconds, perSecondWaited } = podPollBounds;
  return Math.min(maxSeconds, Math.max(minSeconds, preparingSeconds * perSecondWaited));
}

function isNetworkDue({ network }: GuestView): boolean {
  return network === undefined || network.ageSeconds >= networkRepeatSeconds;
}

/** Since an earlier boot the network may be another one, and what runs no more has nothing to keep. */
function isNetworkNew(view: GuestView): boolean {
  return isNetworkDue(view) || view.network?.boot !== view.guest.spec.boot;
}

/** `kept`: what a guest that runs was told at its start. */
function connect(kept: readonly ConnectedNetwork[] = []): GuestStep {
  return { kind: "ConnectNetworks", kept };
}

function networkTrouble(view: GuestView): Pick<Progress, "trouble"> {
  return { trouble: failureOf(view, ["ConnectNetworks"]) };
}

/** A guest that once ran has a disk, or has lost it: it is never given an empty one instead. */
function isDiskMissing({ guest, hasDisk, record }: GuestView): boolean {
  const { status } = guest;
  const hasRun = record?.boot !== undefined || status?.startedTime !== undefined;
  return hasRun && !hasDisk;
}

const diskMissing: Trouble = {
  reason: "DiskMissing",
  message:
    "the guest ran before, but its disk is not in its directory on this host: bring it back from orphans/ or a backup, or delete the server",
};

/** Preparation is told of when it is slow or in trouble; otherwise its end tells of it soon enough. */
function prepare(view: GuestView, progress: Progress, next: Next): GuestPlan {
  const status = offStatus(view, progress);
  const quietSeconds = quietPreparationSeconds - view.preparingSeconds;
  const isSlow = quietSeconds <= 0 || progress.step === "FetchingImage";
  const isReportDue = isSlow || isNews(view, status);
  return { status, isReportDue, next: isReportDue ? next : within(quietSeconds, next) };
}

/** The domain ended since it was last told of, or something went wrong or right again. */
function isNews({ guest }: GuestView, { domain, stoppedBy, error }: GuestStatus): boolean {
  const before = guest.status;
  if (error?.reason !== before?.error?.reason) return true;
  if (before?.domain === undefined) return false;
  return before.domain !== domain || before.stoppedBy !== stoppedBy;
}

function within(seconds: number, next: Next): Next {
  if (next.kind === "step") return next;
  return { kind: "wait", seconds: Math.min(next.seconds ?? seconds, seconds) };
}

function failureOf(
  { failure }: GuestView,
  steps: readonly GuestStep["kind"][],
): Trouble | undefined {
  return failure !== undefined && steps.includes(failure.step) ? failure : undefined;
}

function stepNext(kind: "FetchImage" | "CreateDisk"): Next {
  return { kind: "step", step: { kind } };
}

function act(step: GuestStep, status: GuestStatus, isReportDue = true): GuestPlan {
  return { status, isReportDue, next: { kind: "step", step } };
}

function report(status: GuestStatus, next: Next): GuestPlan {
  return { status, isReportDue: true, next };
}
