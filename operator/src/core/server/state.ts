// SPDX-License-Identifier: Apache-2.0
import type { Flavor, Guest, Image, Server, ServerGroup } from "../../api/kinds.ts";
import type { Run, ServerStatus } from "../../api/v1alpha1/server.ts";
import type { PodMarks } from "../guest/pod-marks.ts";
import type { Attachment } from "../guest/network/definition.ts";
import { isReleased } from "../guest/release.ts";
import type { Recall } from "./recall.ts";
import type { HostState } from "../scheduler/host-state.ts";
import type { SchedulerSettings } from "../scheduler/settings.ts";

/** What a server needs to know of a host that one of its Guests stands on. */
export interface HostFacts {
  readonly isUp: boolean;
  readonly virtType: "kvm" | "qemu" | undefined;
  readonly zone: string | undefined;
}

/** A server pod, as far as decisions depend on it. */
export interface ObservedPod {
  readonly name: string;
  readonly uid: string;
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  readonly isDeleting: boolean;
  /** The kubelet found its guest ready. */
  readonly isReady: boolean;
  /** Its labels, and those annotations that follow its Server. */
  readonly marks: PodMarks;
  readonly createdTime: string | undefined;
  /** Reference of the guest image that it was made to run. */
  readonly guestImage: string | undefined;
  /** Who does not let it run on its node. */
  readonly refusedBy: "kube-scheduler" | "kubelet" | undefined;
  /** What keeps it from running, as the kubelet or the kube-scheduler says. */
  readonly trouble: string | undefined;
}

/** What the API server did not take: for quota, LimitRange, PodSecurity, a policy. */
export interface WriteRefusal {
  readonly message: string;
  readonly ageSeconds: number;
}

/** Where a new incarnation may go, counted at the moment of the decision. */
export interface Placement {
  readonly hosts: readonly HostState[];
  readonly settings: SchedulerSettings;
  /** A user id that no server has; undefined when the range is used up. */
  readonly freeUid: number | undefined;
}

/** Another Server with a hardware or IP address of this one on the same NetworkAttachmentDefinition. */
export interface Neighbour {
  readonly server: Server;
  /** It has the right to run, written or not. */
  readonly isGranted: boolean;
}

/** All that is known of one Server. Everything that is decided of it follows from this alone. */
export interface ServerObservation {
  readonly server: Server;
  /** Its namespace is being deleted, and the Server will be. */
  readonly isNamespaceLeaving: boolean;
  /** The Flavor and Image that its spec names; undefined when there are none. */
  readonly flavor: Flavor | undefined;
  readonly image: Image | undefined;
  /** Every Guest that carries the Server's uid, found by label. */
  readonly guests: readonly Guest[];
  readonly pods: readonly ObservedPod[];
  /** Undefined for a host that is not known any more. */
  readonly hostOf: (name: string) => HostFacts | undefined;
  /** The ServerGroup that its spec names. */
  readonly serverGroup: ServerGroup | undefined;
  /** Uid of the Server of this name in the same namespace. */
  readonly uidOfServer: (name: string) => string | undefined;
  /** A NetworkAttachmentDefinition of the same namespace. */
  readonly attachmentOf: (name: string) => Attachment | undefined;
  /** Asked only when a host has to be chosen. */
  readonly neighbours: () => readonly Neighbour[];
  /** The last attempt to make a Guest or pod, if it was refused. */
  readonly creationRefusal: WriteRefusal | undefined;
  /** The last attempt to have the pod follow the Server, if it was refused. */
  readonly markRefusal: WriteRefusal | undefined;
  /** Asked only when a host has to be chosen, since it counts the whole fleet. */
  readonly placement: () => Placement;
  /** Asked only before a run is granted. */
  readonly recall: () => Recall;
  /** Memory in MiB that a server takes beside its guest's. */
  readonly overheadMib: number;
  /** Reference of the guest image that new pods run. */
  readonly guestImage: string;
  /** Wall-clock time in ms. */
  readonly nowMs: number;
}

/** Nova's vm_state, with `pending` before there is a host. Source: nova-semantics 1.1. */
export const vmStates = ["pending", "building", "active", "stopped", "error"] as const;
export type VmState = (typeof vmStates)[number];

/** An observation with what it plainly means. */
export interface ServerState extends ServerObservation {
  readonly status: ServerStatus;
  readonly run: Run | undefined;
  /** The Guest that holds the run right. */
  readonly guest: Guest | undefined;
  /** Guests that do not, or not any more. */
  readonly strays: readonly Guest[];
  /** The pod of `guest`. */
  readonly pod: ObservedPod | undefined;
  readonly vm: VmState;
  /** The guest was once started, or was made to be off: there is a disk with the user's data. */
  readonly isBuilt: boolean;
  /** It was asked to go: by itself, or with its namespace, which begins with the pods. */
  readonly isDeleting: boolean;
  /** The host of the run answers. */
  readonly isHostUp: boolean;
}

export function stateOf(observation: ServerObservation): ServerState {
  const { server, guests, pods, hostOf } = observation;
  const status = server.status ?? {};
  const { run } = status;
  const current = run?.state === "Granted" ? run.guest : undefined;
  const guest = guests.find(({ metadata }) => metadata.name === current);
  const isBuilt = wasBuilt(status) || hasRun(guest);
  return {
    ...observation,
    status,
    run,
    guest,
    strays: guests.filter((other) => other !== guest),
    pod: pods.find(({ name }) => name === current),
    vm: vmStateOf(run, guest, isBuilt),
    isBuilt,
    isDeleting: observation.isNamespaceLeaving || server.metadata.deletionTimestamp !== undefined,
    isHostUp: run !== undefined && hostOf(run.host)?.isUp === true,
  };
}

/** A guest may have begun and ended before anybody looked. */
function hasRun(guest: Guest | undefined): boolean {
  const { startedTime, stoppedBy } = guest?.status ?? {};
  return startedTime !== undefined || stoppedBy !== undefined;
}

function wasBuilt({ timings, phase }: ServerStatus): boolean {
  return timings?.startedTime !== undefined || phase === "ACTIVE" || phase === "SHUTOFF";
}

function vmStateOf(run: Run | undefined, guest: Guest | undefined, isBuilt: boolean): VmState {
  const isGivenBack = run?.state === "Released" || (guest !== undefined && isReleased(guest));
  if (run === undefined || isGivenBack) return isBuilt ? "error" : "pending";
  if (guest !== undefined && isOn(guest)) return "active";
  return isBuilt ? "stopped" : "building";
}

/** The domain has vCPUs that run, or could again: paused and stopping ones included. */
export function isOn({ status }: Guest): boolean {
  const { domain } = status ?? {};
  return domain === "Running" || domain === "Paused" || domain === "Stopping";
}

/** The domain is off, and the host has nothing left to do about the spec as it is now. */
export function isSettledOff({ spec, status, metadata }: Guest): boolean {
  if (status?.domain !== "Off" || status.observedGeneration !== metadata.generation) return false;
  return spec.runState === "Stopped"
    ? status.claim?.state === "Accepted"
    : status.boot !== undefined && status.boot >= spec.boot;
}
