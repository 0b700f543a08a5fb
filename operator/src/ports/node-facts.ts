// SPDX-License-Identifier: Apache-2.0
import type { NodeFacts } from "../core/hypervisor/facts.ts";

/** What the node says of itself. */
export interface NodeFactsReader {
  /**
   * Reads everything anew; `guestsDirectory` is where guests' disks are. Throws PortError
   * `FactsUnreadable`.
   */
  read(guestsDirectory: string): Promise<NodeFacts>;
}
