// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { Incarnation } from "../../core/guest/paths.ts";
import type { ForgottenGuest } from "../../core/guest/testimony.ts";
import type { GuestFiles } from "../../ports/guest-files.ts";
import type { ReleasedTokens } from "../../ports/released-tokens.ts";
import { incarnationOf } from "./observe.ts";

/** The incarnations that no Guest stands for. */
export function withoutGuest(
  found: readonly Incarnation[],
  guests: readonly Guest[],
): Incarnation[] {
  const claimed = new Set(guests.map((guest) => nameOf(incarnationOf(guest))));
  return found.filter((one) => !claimed.has(nameOf(one)));
}

/**
 * What began on this node, may run, and has no Guest: a guest that only a restored API server can have
 * forgotten. One that was given back, or that its owner keeps the disk of, runs no more; one without a
 * recorded boot has not executed anything.
 */
export async function forgottenGuests(
  guests: readonly Guest[],
  { files, released }: { readonly files: GuestFiles; readonly released: ReleasedTokens },
): Promise<ForgottenGuest[]> {
  const forgotten: ForgottenGuest[] = [];
  for (const incarnation of withoutGuest(await files.list(), guests)) {
    if (released.has(incarnation)) continue;
    const { boot, uid, isRetained } = (await files.readRecord(incarnation)) ?? {};
    const mayRun = boot !== undefined && isRetained !== true;
    if (mayRun && uid !== undefined) forgotten.push({ ...incarnation, uid });
  }
  return forgotten;
}

function nameOf({ serverUid, token }: Incarnation): string {
  return `${serverUid}/${token}`;
}
