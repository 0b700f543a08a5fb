// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { ConnectedNetwork } from "../../api/v1alpha1/network.ts";
import type { VirtType } from "../hypervisor/virt-type.ts";
import type { ClaimAnswer } from "./claim.ts";
import type { GuestRecord } from "./record.ts";

/** The domain as libvirt and the node's processes show it. */
export type DomainView =
  /**
   * Neither libvirt nor the node has it. `lastWord` is libvirt's reason for the last end in this pod:
   * shutdown, crashed, destroyed, failed; undefined when it left none.
   */
  | { readonly kind: "absent"; readonly lastWord: string | undefined }
  /**
   * libvirt has it. Held: its vCPUs wait for the agent. Paused: they stand still for another reason,
   * such as a full disk.
   */
  | {
      readonly kind: "present";
      readonly state: "Running" | "Held" | "Paused";
      readonly machineType: string | undefined;
    }
  /** A QEMU of its user runs, but no libvirt answers for it: nobody may act on it. */
  | { readonly kind: "unknown" };

/** What the guest is told of itself: put together in its pod, or waiting for something that is named. */
export type MetadataView =
  | { readonly kind: "ready" }
  | { readonly kind: "waiting"; readonly message: string | undefined };

/** The server pod as the node sees it. */
export interface PodView {
  readonly uid: string;
  /** libvirtd answers. */
  readonly isReady: boolean;
  readonly metadata: MetadataView;
  /** The pod was asked to end. */
  readonly isTerminating: boolean;
}

/** The base image in the node's cache. */
export type ImageView =
  | { readonly kind: "ready" }
  | { readonly kind: "absent" | "fetching"; readonly lastFailure?: ImageFailure | undefined }
  | ({ readonly kind: "failed" } & ImageFailure);

/** Why a try to fetch an image ended without it. */
export interface ImageFailure {
  readonly reason: string;
  readonly message: string;
}

/** What the node says of itself; absent members are not known yet. */
export interface HostView {
  /** Another one after each boot of the node. */
  readonly bootId: string;
  readonly virtType: VirtType | undefined;
  /** The guest image that new pods run. */
  readonly guestImage: string | undefined;
}

/** How far a clean shutdown is. */
export interface ShutdownView {
  /** Since the guest was asked first. */
  readonly elapsedSeconds: number;
  /** Since it was asked last. */
  readonly sinceLastSeconds: number;
}

/**
 * The guest's cards in its newest pod, as this agent connected them; undefined when it did not yet. Other
 * than the domain, they are made anew by each agent: rules may have changed with it.
 */
export interface NetworkView {
  readonly connected: readonly ConnectedNetwork[];
  /** Number of the boot that was asked for then. */
  readonly boot: number;
  readonly ageSeconds: number;
}

/** All that the node knows of one guest. Everything that is decided of it follows from this alone. */
export interface GuestView {
  readonly guest: Guest;
  readonly host: HostView;
  /** Undefined as long as the host does not know what it has to give. */
  readonly claim: ClaimAnswer | undefined;
  /** The token is in the durable file: it never runs here again. */
  readonly isReleased: boolean;
  readonly record: GuestRecord | undefined;
  readonly hasDirectory: boolean;
  readonly hasDisk: boolean;
  readonly image: ImageView;
  /** The newest pod that has the guest's directory. */
  readonly pod: PodView | undefined;
  readonly network: NetworkView | undefined;
  readonly domain: DomainView;
  /** Undefined when the guest was not asked to shut down. */
  readonly shutdown: ShutdownView | undefined;
  /** The last attempt of a step, if it failed and was not repeated with success. */
  readonly failure: StepFailure | undefined;
  /** For how long the guest has been made ready to start. */
  readonly preparingSeconds: number;
  /** Wall-clock time as the API server writes it. */
  readonly now: string;
}

export interface StepFailure {
  readonly step: GuestStep["kind"];
  readonly reason: string;
  readonly message: string;
}

/** One effect on the node or on the Guest. Each may be done again after a crash in its middle. */
export type GuestStep =
  | { readonly kind: "FetchImage" }
  /** The root disk; never replaces one. */
  | { readonly kind: "CreateDisk" }
  /**
   * Connects the guest's cards in its pod; nothing changes where they are connected already. `kept`: how
   * a guest that runs was connected at its start.
   */
  | { readonly kind: "ConnectNetworks"; readonly kept: readonly ConnectedNetwork[] }
  /** Starts the domain: with its vCPUs held until the boot is on record. */
  | { readonly kind: "Start"; readonly virtType: VirtType }
  /** Lets the vCPUs of a held domain run, once the boot is on record. */
  | { readonly kind: "Resume" }
  /** Puts a domain on record that runs already. */
  | { readonly kind: "Adopt" }
  | { readonly kind: "AskShutdown" }
  /** Ends QEMU. */
  | { readonly kind: "Destroy" }
  /** Puts the token into the durable file. */
  | { readonly kind: "Release" }
  /** Destroys the guest's directory and record. */
  | { readonly kind: "RemoveFiles" }
  | { readonly kind: "RemoveFinalizer" };

/**
 * What has to hold before a step. `right`: the Guest was read from the API server, and its status was
 * written since (protocol P1). `fresh`: it was read. `nothing`: the step changes neither guest nor disk.
 */
export const stepNeeds: Readonly<Record<GuestStep["kind"], "right" | "fresh" | "nothing">> = {
  FetchImage: "nothing",
  CreateDisk: "fresh",
  ConnectNetworks: "nothing",
  Start: "right",
  Resume: "right",
  Adopt: "fresh",
  AskShutdown: "fresh",
  Destroy: "fresh",
  Release: "fresh",
  RemoveFiles: "fresh",
  RemoveFinalizer: "fresh",
};
