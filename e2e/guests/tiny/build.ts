// SPDX-License-Identifier: Apache-2.0
/** The test guest: a disk of 20 MB that boots in seconds without KVM and tells what happens to it. */
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { cached, hashOf } from "../../../hack/cache.ts";
import { run } from "../../../hack/exec.ts";
import { builderRootfs, debianFiles, debianKernel } from "../../../hack/image/builder.ts";
import { forgetOthers } from "../../../hack/image/forget.ts";
import { digestOfSources, repositoryPath } from "../../../hack/image/repository.ts";
import { runIn } from "../../../hack/image/sandbox.ts";
import { digestOf } from "../../../hack/manifest.ts";
import { step } from "../../../hack/steps.ts";

const sources = "e2e/guests/tiny";
const inputs = ["guest", "kernel-command-line.txt", "make-disk.sh", "rootfs"].map(
  (name) => `${sources}/${name}`,
);
const packages = ["busybox-static", "grub-efi-amd64-signed", "qemu-guest-agent", "shim-signed"];

/** A disk image in a file. */
export interface BuiltDisk {
  readonly qcow2: string;
  /** Of the file, in hex. */
  readonly sha256: string;
  /** Of the file. */
  readonly sizeBytes: number;
}

/** Builds the test guest's disk, or finds it in the cache. */
export async function buildTiny(): Promise<BuiltDisk> {
  const layers = [await debianKernel(), await debianFiles(packages), await builderRootfs()];
  const key = hashOf(layers, await digestOfSources(...inputs));
  const directory = await cached(`tiny-${key}`, (out) =>
    step("test guest", async () => {
      await run("cp", ["-a", repositoryPath(sources), join(out, "tiny")]);
      await runIn(layers, out, ["bash", "/shared/tiny/make-disk.sh"]);
      await rm(join(out, "tiny"), { recursive: true });
    }),
  );
  await forgetOthers(directory);
  const qcow2 = join(directory, "tiny.qcow2");
  return { qcow2, sha256: await digestOf(qcow2), sizeBytes: (await stat(qcow2)).size };
}
