// SPDX-License-Identifier: Apache-2.0
/** Debian root file systems, made without a container engine. */
import { copyFile, mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { cached, hashOf } from "../cache.ts";
import { run } from "../exec.ts";
import { prepareMachine } from "../machine.ts";
import { step } from "../steps.ts";
import { forgetOthers } from "./forget.ts";
import { digestOfSources, readList, repositoryPath } from "./repository.ts";

const suite = "trixie";
const distilScript = "hack/image/distil.sh";

const mmdebstrapOptions = [
  "--mode=root",
  "--variant=minbase",
  "--aptopt=APT::Install-Recommends false",
  "--dpkgopt=force-unsafe-io",
  "--dpkgopt=path-exclude=/usr/share/man/*",
  "--dpkgopt=path-exclude=/usr/share/info/*",
  "--dpkgopt=path-exclude=/usr/share/locale/*",
  "--dpkgopt=path-exclude=/usr/share/doc/*",
  "--dpkgopt=path-include=/usr/share/doc/*/copyright",
];

/** What a root file system is made of. Both lists are files of the repository. */
export interface RootfsRecipe {
  readonly name: string;
  /** Debian packages. */
  readonly packagesPath: string;
  /** What of the packages stays (see distil.sh); everything without it. */
  readonly contentsPath?: string;
}

/** The root file system of that recipe, from the cache when it was made before. For reading only. */
export async function debianRootfs(recipe: RootfsRecipe): Promise<string> {
  const { name, packagesPath, contentsPath } = recipe;
  const lists = contentsPath === undefined ? [packagesPath] : [packagesPath, contentsPath];
  const digest = hashOf(suite, mmdebstrapOptions, await digestOfSources(...lists, distilScript));
  const directory = await cached(`rootfs-${name}-${digest}`, (out) =>
    step(`root file system for ${name}`, () => build(recipe, out)),
  );
  await forgetOthers(directory);
  return join(directory, "rootfs");
}

async function build({ packagesPath, contentsPath }: RootfsRecipe, out: string): Promise<void> {
  const installed = join(out, "installed");
  const target = join(out, "rootfs");
  await installDebian(installed, await readList(packagesPath));
  if (contentsPath === undefined) {
    await rename(installed, target);
    return;
  }
  await distil(installed, contentsPath, target);
  await rm(installed, { recursive: true });
}

async function installDebian(target: string, packages: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("building root file systems needs root: use sudo");
  await prepareMachine();
  await run("mmdebstrap", [
    ...mmdebstrapOptions,
    `--include=${packages.join(",")}`,
    suite,
    target,
    ...(await debianMirror()),
  ]);
}

/** The mirror that this machine uses when it is a Debian; mmdebstrap knows another one. */
async function debianMirror(): Promise<readonly string[]> {
  const sources = "/etc/apt/sources.list.d/debian.sources";
  const text = await readFile(sources, "utf8").catch(() => "");
  const mirror = /^URIs:\s*(\S+)/m.exec(text)?.[1];
  return mirror === undefined ? [] : [mirror];
}

/** Takes from an installed root file system what the contents list names. */
async function distil(installed: string, contentsPath: string, target: string): Promise<void> {
  const inside = join(installed, "tmp");
  for (const path of [distilScript, contentsPath]) {
    await copyFile(repositoryPath(path), join(inside, basename(path)));
  }
  await mkdir(join(inside, "out"));
  const script = `/tmp/${basename(distilScript)}`;
  await run("chroot", [installed, "sh", script, `/tmp/${basename(contentsPath)}`, "/tmp/out"]);
  await rename(join(inside, "out"), target);
  if ((await readdir(target)).length === 0) throw new Error(`${contentsPath} left nothing`);
}
