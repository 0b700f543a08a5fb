// SPDX-License-Identifier: Apache-2.0
/** The guest image: what server pods run. */
import { copyFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cached, hashOf } from "../cache.ts";
import { run } from "../exec.ts";
import { step } from "../steps.ts";
import { builderRootfs, kernelImage } from "./builder.ts";
import { forgetOthers } from "./forget.ts";
import { imageOf, layerOf, type BuiltImage, type ImageConfig, type Layer } from "./oci.ts";
import { digestOfSources, productVersion, repositoryPath } from "./repository.ts";
import { debianRootfs } from "./rootfs.ts";
import { runIn } from "./sandbox.ts";

const sources = "operator/guest-image";
/** What the image depends on: not the tests, nor what is written about it. */
const inputs = [
  "hack/image/guest.ts",
  ...["assemble.sh", "bake-capabilities.sh", "build.sh"].map((name) => `${sources}/${name}`),
  ...["console", "dhcp", "etc", "init", "metadata", "pod", "probe", "readiness"].map(
    (name) => `${sources}/${name}`,
  ),
];

/** How the guest image runs; its Dockerfile says the same. */
export const guestImageConfig: ImageConfig = {
  Entrypoint: ["/usr/bin/kilonova-init"],
  Env: ["PATH=/usr/sbin:/usr/bin", "XDG_RUNTIME_DIR=/data/run", "HOME=/data/run/home"],
  User: "65532:65532",
  WorkingDir: "/",
};

/** Builds the image of server pods, or finds it in the cache. */
export async function buildGuestImage(): Promise<BuiltImage> {
  const { key, directory } = await assembled();
  const base = await packagesLayer();
  const own = await layerOf(`guest-${key}`, join(directory, "own"));
  await forgetOthers(directory);
  return imageOf("kilonova.local/kilonova-guest", [base, own], guestImageConfig);
}

/**
 * The unpacked root file system of the guest image, for tests against a real libvirtd. For reading
 * only. Note that `/etc/passwd` and `/etc/group` are links to files that init writes to `/data/run`.
 */
export async function guestRootfs(): Promise<string> {
  return join((await assembled()).directory, "rootfs");
}

function packagesRootfs(): Promise<string> {
  return debianRootfs({
    name: "guest",
    packagesPath: `${sources}/packages.txt`,
    contentsPath: `${sources}/contents.txt`,
  });
}

async function packagesLayer(): Promise<Layer> {
  const rootfs = await packagesRootfs();
  return layerOf(basename(dirname(rootfs)), rootfs);
}

/** Our own files (`own`) and the whole root file system (`rootfs`) below one directory. */
async function assembled(): Promise<{ key: string; directory: string }> {
  const base = await packagesLayer();
  const kernel = await kernelImage();
  const key = hashOf(base.digest, basename(kernel), await digestOfSources(...inputs));
  const directory = await cached(`guest-${key}`, (out) =>
    step("guest image", () => assemble(out, kernel)),
  );
  return { key, directory };
}

async function assemble(out: string, kernel: string): Promise<void> {
  const [own, rootfs, work] = [join(out, "own"), join(out, "rootfs"), join(out, "work")];
  const packages = await packagesRootfs();
  await run("cp", ["-a", repositoryPath(sources), work]);
  await copyFile(kernel, join(work, "vmlinuz"));
  await copyFile(join(packages, "var/lib/dpkg/status"), join(work, "status"));
  const script = `
    sh build.sh built
    sh assemble.sh built vmlinuz status ${await productVersion()} own`;
  await runIn([await builderRootfs()], work, ["sh", "-euc", `cd /shared; ${script}`]);
  await rename(join(work, "own"), own);

  await run("cp", ["-a", packages, rootfs]);
  await run("cp", ["-a", `${own}/.`, rootfs]);
  await runIn([rootfs], work, ["sh", "/shared/bake-capabilities.sh", "/shared/capabilities"]);
  for (const root of [own, rootfs]) {
    const records = join(root, "usr/share/kilonova/capabilities");
    await run("cp", ["-a", join(work, "capabilities"), records]);
  }
  await rm(work, { recursive: true });
}
