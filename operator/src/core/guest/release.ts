// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";

/**
 * Whether the host has proved that this incarnation never runs again: it speaks of the Guest as it is
 * now, its domain is off, and the token is in the host's durable file. Nothing less gives the run right
 * back (protocol P1); a Guest that is missing proves nothing.
 */
export function isReleased({ metadata, status }: Guest): boolean {
  return (
    status?.isReleased === true &&
    status.domain === "Off" &&
    status.observedGeneration === metadata.generation
  );
}
