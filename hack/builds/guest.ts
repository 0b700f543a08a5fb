// SPDX-License-Identifier: Apache-2.0
/** What tests against a real libvirt need: the root of the guest image and a guest to boot. */
import { buildTiny } from "../../e2e/guests/tiny/build.ts";
import { guestRootfs } from "../image/guest.ts";

export default async function buildGuest(): Promise<void> {
  await guestRootfs();
  await buildTiny();
}
