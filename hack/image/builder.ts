// SPDX-License-Identifier: Apache-2.0
/**
 * The build machine: a Debian with a compiler and disk tools, so that what is built does not depend on
 * the machine that builds it.
 */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, hashOf } from "../cache.ts";
import { step } from "../steps.ts";
import { debianRootfs } from "./rootfs.ts";
import { runIn } from "./sandbox.ts";

/** The unpacked root file system of the build machine. For reading only. */
export function builderRootfs(): Promise<string> {
  return debianRootfs({ name: "builder", packagesPath: "hack/image/builder-packages.txt" });
}

/** Debian's kernel for virtual machines at a version known to work, and what points to the newest. */
const kernelPinned = "linux-image-6.12.107+deb13-cloud-amd64";
const kernelNewest = "linux-image-cloud-amd64";

/** A directory with the unpacked kernel package: `boot/vmlinuz-*` and `usr/lib/modules`. */
export function debianKernel(): Promise<string> {
  return cached(`kernel-${hashOf(kernelPinned)}`, (out) =>
    step("kernel for guests", () => unpack(out, [`${kernelPinned} ${kernelNewest}`])),
  );
}

/** The path of the kernel itself. */
export async function kernelImage(): Promise<string> {
  const boot = join(await debianKernel(), "boot");
  const name = (await readdir(boot)).find((entry) => entry.startsWith("vmlinuz-"));
  if (name === undefined) throw new Error(`no kernel in ${boot}`);
  return join(boot, name);
}

/** A directory with the files of these Debian packages, unpacked over each other. */
export function debianFiles(packages: readonly string[]): Promise<string> {
  return cached(`debian-${hashOf(packages)}`, (out) =>
    step("Debian packages for guests", () => unpack(out, packages)),
  );
}

/** Each choice is a package name, or a name and the one to take instead when the archive has it not. */
async function unpack(out: string, choices: readonly string[]): Promise<void> {
  const script = join(out, "unpack.sh");
  await writeFile(script, unpackScript);
  await runIn([await builderRootfs()], out, ["sh", "/shared/unpack.sh", ...choices]);
}

// What stands for a newest package is empty and depends on the real one.
const unpackScript = `set -eu
cd /tmp
apt-get -q update
for choice in "$@"; do
  set -- $choice
  package=$1
  if ! apt-cache show "$package" > /dev/null 2>&1; then
    package=$(apt-cache depends "$2" | sed -n 's/.*Depends: //p' | head -n 1)
  fi
  apt-get -q -o APT::Sandbox::User=root download "$package"
done
for package in *.deb; do
  dpkg-deb --extract "$package" /shared
done
rm /shared/unpack.sh
`;
