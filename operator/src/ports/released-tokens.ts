// SPDX-License-Identifier: Apache-2.0
import type { Incarnation } from "../core/guest/paths.ts";

/** The incarnations that never run on this node again. */
export interface ReleasedTokens {
  /** Whether this token of the server, or a later one, was released here. */
  has(incarnation: Incarnation): boolean;
  /**
   * Releases a token; done when it is on the disk. Throws PortError `FileFailed`; whether it is released
   * is not known then. Safe to call again.
   */
  add(incarnation: Incarnation): Promise<void>;
}
