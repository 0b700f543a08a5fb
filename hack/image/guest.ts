// SPDX-License-Identifier: Apache-2.0
/** The guest image: what server pods run. */
import { debianRootfs } from "./rootfs.ts";

/** The unpacked root file system of the guest image, for tests against a real libvirtd. For reading only. */
export async function guestRootfs(): Promise<string> {
  return debianRootfs({
    name: "guest",
    packagesPath: "operator/guest-image/packages.txt",
    contentsPath: "operator/guest-image/contents.txt",
  });
}
