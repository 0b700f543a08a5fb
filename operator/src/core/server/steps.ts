// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { PodChoice } from "../guest/pod.ts";
import type { GuestSpec } from "../../api/v1alpha1/guest.ts";
import type { ServerStatus } from "../../api/v1alpha1/server.ts";
import { type MarkChange, marksAfter } from "../guest/pod-marks.ts";
import type { ObservedPod, ServerObservation } from "./state.ts";

/** One effect on the API server. Steps are done in order; what fails ends the pass. */
export type Step =
  | { readonly kind: "AddFinalizer" }
  | { readonly kind: "RemoveFinalizer" }
  | { readonly kind: "WriteStatus"; readonly status: ServerStatus }
  | { readonly kind: "CreateGuest"; readonly guest: Guest }
  /** Only if the Guest is still as it was observed. */
  | { readonly kind: "PatchGuest"; readonly guest: Guest; readonly spec: Partial<GuestSpec> }
  | { readonly kind: "DeleteGuest"; readonly guest: Guest }
  /** Takes our finalizer off a Guest whose host will not do it. */
  | { readonly kind: "AbandonGuest"; readonly guest: Guest }
  /** The pod of the Guest of this name. */
  | { readonly kind: "CreatePod"; readonly guest: string; readonly choice: PodChoice }
  /** Its labels and annotations follow the Server. */
  | { readonly kind: "MarkPod"; readonly pod: ObservedPod; readonly change: MarkChange }
  | { readonly kind: "DeletePod"; readonly pod: ObservedPod };

/** What the observation will be when the steps are done and nobody else has done anything yet. */
export function project(observation: ServerObservation, steps: readonly Step[]): ServerObservation {
  return steps.reduce(projectStep, observation);
}

function projectStep(observation: ServerObservation, step: Step): ServerObservation {
  const { guests, pods, server } = observation;
  switch (step.kind) {
    case "WriteStatus":
      return { ...observation, server: { ...server, status: step.status } };
    case "CreateGuest":
      return { ...observation, guests: [...guests, step.guest] };
    case "PatchGuest":
      return { ...observation, guests: guests.map((guest) => patched(guest, step)) };
    case "AbandonGuest":
      return { ...observation, guests: guests.filter((guest) => guest !== step.guest) };
    case "CreatePod":
      return { ...observation, pods: [...pods, newPod(step.guest, observation.guestImage)] };
    case "MarkPod":
      return { ...observation, pods: pods.map((pod) => (pod === step.pod ? marked(step) : pod)) };
    case "DeletePod":
      return { ...observation, pods: pods.map((pod) => (pod === step.pod ? deleting(pod) : pod)) };
    // What these change is either nothing that is decided by, or has to be observed first.
    case "AddFinalizer":
    case "RemoveFinalizer":
    case "DeleteGuest":
      return observation;
  }
}

/** The API server raises the generation with the spec: the host has not answered for this one yet. */
function patched(guest: Guest, step: Extract<Step, { kind: "PatchGuest" }>): Guest {
  if (guest !== step.guest) return guest;
  const { generation = 0 } = guest.metadata;
  return {
    ...guest,
    metadata: { ...guest.metadata, generation: generation + 1 },
    spec: { ...guest.spec, ...step.spec },
  };
}

function newPod(name: string, guestImage: string): ObservedPod {
  const unknown = { createdTime: undefined, refusedBy: undefined, trouble: undefined };
  const marks = { labels: {}, annotations: {} };
  const state = { phase: "Pending", isDeleting: false, isReady: false } as const;
  return { name, uid: "", ...state, marks, guestImage, ...unknown };
}

function marked({ pod, change }: Extract<Step, { kind: "MarkPod" }>): ObservedPod {
  return { ...pod, marks: marksAfter(pod.marks, change) };
}

function deleting(pod: ObservedPod): ObservedPod {
  return { ...pod, isDeleting: true };
}
