// SPDX-License-Identifier: Apache-2.0
import type { MetadataView } from "../core/guest/view.ts";
import type { PodMount } from "./pod-mounts.ts";

/**
 * What agent and init of a server pod tell each other by files in its runtime directory. The pod's owner
 * may write anything there: it decides about the owner's guest alone. A pod that is gone says nothing.
 */
export interface PodRuntime {
  /** Socket of the pod's libvirtd. */
  libvirtSocket(pod: PodMount): string;
  /** Whether the pod was asked to end. */
  isTerminating(pod: PodMount): Promise<boolean>;
  /** Tells init that the agent shuts the guest down; counts for 15 s. */
  announceShutdown(pod: PodMount): Promise<void>;
  /** Tells the pod's DHCP server what to give out from now on. Throws PortError `FileFailed`. */
  writeLeases(pod: PodMount, text: string): Promise<void>;
  /**
   * Why the last QEMU of this domain ended, as libvirt logged it: shutdown, crashed, destroyed, failed…
   * Undefined when the log does not end with such a line.
   */
  lastWord(pod: PodMount, domain: string): Promise<string | undefined>;
  /** What the pod's metadata program said last. */
  metadata(pod: PodMount): Promise<MetadataView>;
  /**
   * Calls `handler` when libvirtd or the metadata became ready or the pod was asked to end, until the
   * returned function is called. Some changes may be missed.
   */
  watch(pod: PodMount, handler: () => void): () => void;
}
