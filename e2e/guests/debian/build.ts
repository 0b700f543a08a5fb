// SPDX-License-Identifier: Apache-2.0
/** The test guest `debian`: an ordinary Debian with cloud-init, SSH and the guest agent. */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cached, hashOf } from "../../../hack/cache.ts";
import { run } from "../../../hack/exec.ts";
import { builderRootfs, debianFiles, debianKernel } from "../../../hack/image/builder.ts";
import { forgetOthers } from "../../../hack/image/forget.ts";
import { digestOfSources, repositoryPath } from "../../../hack/image/repository.ts";
import { debianRootfs } from "../../../hack/image/rootfs.ts";
import { runIn } from "../../../hack/image/sandbox.ts";
import { step } from "../../../hack/steps.ts";
import { bootDiskScript, bootPackages, type BuiltDisk, builtDisk } from "../built-disk.ts";

const sources = "e2e/guests/debian";
const inputs = [
  bootDiskScript,
  ...["customize.sh", "initramfs-init.sh", "kernel-command-line.txt", "make-disk.sh", "rootfs"].map(
    (name) => `${sources}/${name}`,
  ),
];

/** Builds the disk of the test guest `debian`, or finds it in the cache. */
export async function buildDebian(): Promise<BuiltDisk> {
  const installed = await debianRootfs({
    name: "debian-guest",
    packagesPath: `${sources}/packages.txt`,
  });
  const layers = [await debianKernel(), await debianFiles(bootPackages), await builderRootfs()];
  const key = hashOf(installed, layers, await digestOfSources(...inputs));
  const directory = await cached(`guest-debian-${key}`, (out) =>
    step("test guest debian", () => build(out, installed, layers)),
  );
  await forgetOthers(directory);
  return builtDisk(join(directory, "debian.qcow2"));
}

async function build(out: string, installed: string, layers: readonly string[]): Promise<void> {
  const work = join(out, "work");
  await run("mkdir", [work]);
  await run("cp", ["-a", repositoryPath(sources), join(work, "debian")]);
  await run("cp", ["-a", repositoryPath(bootDiskScript), work]);
  await runIn([installed], work, ["bash", "/shared/debian/customize.sh"]);
  await runIn(layers, work, ["bash", "/shared/debian/make-disk.sh"]);
  await rename(join(work, "debian.qcow2"), join(out, "debian.qcow2"));
  await rm(work, { recursive: true });
}
