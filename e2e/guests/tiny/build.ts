// SPDX-License-Identifier: Apache-2.0
/** The test guest: a disk of 20 MB that boots in seconds without KVM and tells what happens to it. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { cached, hashOf } from "../../../hack/cache.ts";
import { run } from "../../../hack/exec.ts";
import { builderRootfs, debianFiles, debianKernel } from "../../../hack/image/builder.ts";
import { forgetOthers } from "../../../hack/image/forget.ts";
import { digestOfSources, repositoryPath } from "../../../hack/image/repository.ts";
import { runIn } from "../../../hack/image/sandbox.ts";
import { step } from "../../../hack/steps.ts";
import { bootDiskScript, bootPackages, type BuiltDisk, builtDisk } from "../built-disk.ts";

const sources = "e2e/guests/tiny";
const inputs = [
  bootDiskScript,
  ...["guest", "kernel-command-line.txt", "make-disk.sh", "rootfs"].map(
    (name) => `${sources}/${name}`,
  ),
];
const packages = [...bootPackages, "qemu-guest-agent"];

/** Builds the test guest's disk, or finds it in the cache. */
export async function buildTiny(): Promise<BuiltDisk> {
  const layers = [await debianKernel(), await debianFiles(packages), await builderRootfs()];
  const key = hashOf(layers, await digestOfSources(...inputs));
  const directory = await cached(`tiny-${key}`, (out) =>
    step("test guest", async () => {
      await run("cp", ["-a", repositoryPath(sources), join(out, "tiny")]);
      await run("cp", ["-a", repositoryPath(bootDiskScript), out]);
      await runIn(layers, out, ["bash", "/shared/tiny/make-disk.sh"]);
      await rm(join(out, "tiny"), { recursive: true });
      await rm(join(out, "boot-disk.sh"));
    }),
  );
  await forgetOthers(directory);
  return builtDisk(join(directory, "tiny.qcow2"));
}
