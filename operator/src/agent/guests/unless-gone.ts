// SPDX-License-Identifier: Apache-2.0
import { NoDomain } from "../../ports/libvirt.ts";

/** Waits for a call about a domain. One that ended since it was looked at needs nothing any more. */
export async function unlessGone(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof NoDomain)) throw error;
  }
}
