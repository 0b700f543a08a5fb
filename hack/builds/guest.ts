// SPDX-License-Identifier: Apache-2.0
/** What tests against a real libvirt need: the roots of both images and a guest to boot. */
import { buildTiny } from "../../e2e/guests/tiny/build.ts";
import { guestRootfs } from "../image/guest.ts";
import { productRootfs } from "../image/product.ts";

export default async function buildGuest(): Promise<void> {
  await guestRootfs();
  await productRootfs();
  await buildTiny();
}
