// SPDX-License-Identifier: Apache-2.0
import type { HostView } from "../../core/guest/view.ts";
import type { Inventories } from "../../core/placement/inventory.ts";

/** What the guests' agent needs to know of its node, as the inventory's agent reports it. */
export interface Host {
  view(): HostView;
  /** What there is to give; undefined as long as that is not known. */
  inventories(): Inventories | undefined;
  /** Calls `handler` after each change of what the others say. */
  onChange(handler: () => void): void;
}
