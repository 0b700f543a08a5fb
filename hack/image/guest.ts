// SPDX-License-Identifier: Apache-2.0
/** The guest image: what server pods run. */
import { chmod, copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cached, hashOf } from "../cache.ts";
import { run } from "../exec.ts";
import { step } from "../steps.ts";
import { builderRootfs, kernelImage } from "./builder.ts";
import { forgetOthers } from "./forget.ts";
import { imageOf, layerOf, type BuiltImage, type Layer } from "./oci.ts";
import { digestOfSources, productVersion, repositoryPath } from "./repository.ts";
import { debianRootfs } from "./rootfs.ts";
import { runIn } from "./sandbox.ts";

const sources = "operator/guest-image";
/** What the image depends on: not the tests, nor what is written about it. */
const inputs = [
  "hack/image/guest.ts",
  ...["bake-capabilities.sh", "build.sh", "console", "etc", "init", "probe"].map(
    (name) => `${sources}/${name}`,
  ),
];

/** The packages whose versions a guest's machine depends on, listed in the image's own record. */
const recordedPackages = ["libvirt-daemon", "ovmf", "qemu-system-x86", "seabios", "swtpm"];

/** What goes to which place of the image; the programs are there once build.sh ran. */
const files: readonly (readonly [from: string, to: string, mode: number])[] = [
  ["out/kilonova-init", "usr/bin/kilonova-init", 0o755],
  ["out/console", "usr/bin/console", 0o755],
  ["out/initrd", "usr/share/kilonova/probe/initrd", 0o644],
  ["etc/libvirtd.conf", "etc/libvirt/libvirtd.conf", 0o644],
  ["etc/qemu.conf", "etc/libvirt/qemu.conf", 0o644],
  ["probe/kilonova-probe.sh", "usr/bin/kilonova-probe", 0o755],
];

/** Builds the image of server pods, or finds it in the cache. */
export async function buildGuestImage(): Promise<BuiltImage> {
  const { key, directory } = await assembled();
  const base = await packagesLayer();
  const own = await layerOf(`guest-${key}`, join(directory, "own"));
  await forgetOthers(directory);
  return imageOf("kilonova.local/kilonova-guest", [base, own], {
    Entrypoint: ["/usr/bin/kilonova-init"],
    Env: ["PATH=/usr/sbin:/usr/bin", "XDG_RUNTIME_DIR=/data/run", "HOME=/data/run/home"],
    User: "65532:65532",
    WorkingDir: "/",
    Labels: { "org.opencontainers.image.version": await productVersion() },
  });
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
    step("guest image", () => assemble(out, kernel, key)),
  );
  return { key, directory };
}

async function assemble(out: string, kernel: string, key: string): Promise<void> {
  const own = join(out, "own");
  const rootfs = join(out, "rootfs");
  const work = join(out, "work");
  await run("cp", ["-a", repositoryPath(sources), work]);
  await runIn([await builderRootfs()], work, ["sh", "/shared/build.sh", "/shared/out"]);
  for (const [from, to, mode] of files) {
    await mkdir(dirname(join(own, to)), { recursive: true });
    await copyFile(join(work, from), join(own, to));
    await chmod(join(own, to), mode);
  }
  await copyFile(kernel, join(own, "usr/share/kilonova/probe/vmlinuz"));
  for (const name of ["passwd", "group"])
    await symlink(`/data/run/${name}`, join(own, "etc", name));
  await mkdir(join(own, "data"));
  await writeRecord(own, key);

  await run("cp", ["-a", await packagesRootfs(), rootfs]);
  await run("cp", ["-a", `${own}/.`, rootfs]);
  await runIn([rootfs], work, ["sh", "/shared/bake-capabilities.sh", "/shared/capabilities"]);
  for (const root of [own, rootfs]) {
    await cp(join(work, "capabilities"), join(root, "usr/share/kilonova/capabilities"), {
      recursive: true,
    });
  }
  await rm(work, { recursive: true });
}

/** What is in the image, for the record of a guest's machine: its first start decides what it runs on. */
async function writeRecord(own: string, key: string): Promise<void> {
  const status = await readFile(join(await packagesRootfs(), "var/lib/dpkg/status"), "utf8");
  const packages = recordedPackages.map((name) => {
    const version = new RegExp(`^Package: ${name}\n(?:.+\n)*?Version: (.+)$`, "m").exec(status);
    if (version?.[1] === undefined) throw new Error(`the guest image lacks the package ${name}`);
    return [name, version[1]];
  });
  const record = {
    version: await productVersion(),
    content: key,
    packages: Object.fromEntries(packages),
  };
  await mkdir(join(own, "etc/kilonova"), { recursive: true });
  await writeFile(join(own, "etc/kilonova/guest-image"), `${JSON.stringify(record, null, 2)}\n`);
}
