// SPDX-License-Identifier: Apache-2.0
import type { ObjectRef } from "./kube.ts";

/** A guest's directory as it was mounted into one server pod. */
export interface PodMount {
  readonly podUid: string;
  /**
   * Where the same tree stands on the node, by a path short enough for sockets: `run`, `vm`,
   * `images` and `hotplug` are in it. The pod's owner controls what is in `run` and `vm`.
   */
  readonly directory: string;
}

/** Which server pods have a guest's directory, as the node's CSI service knows it. */
export interface PodMounts {
  /**
   * The newest pod that the guest's directory was mounted into; undefined when there is none. An
   * older pod of the same guest may still stand, until the kubelet has taken it down.
   */
  current(guest: ObjectRef): PodMount | undefined;
  /** Calls `handler` after each change of what {@link current} says of a guest. */
  onChange(handler: (guest: ObjectRef) => void): void;
}
