// SPDX-License-Identifier: Apache-2.0
/** Builds the components of the local cluster, once for every version, flags and Go release. */
import { mkdtemp, readFile, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { cached, hashOf } from "../cache.ts";
import { run, tryRun } from "../exec.ts";
import { step } from "../steps.ts";
import type { Component } from "./components.ts";

/** The directory with the programs of a component. The first build takes minutes. */
export async function programsOf(component: Component): Promise<string> {
  const source = join(import.meta.dirname, "modules", component.name);
  const pins = await Promise.all(
    ["go.mod", "go.sum"].map((file) => readFile(join(source, file), "utf8")),
  );
  const key = hashOf(pins, component, await goRelease());
  return cached(`${component.name}-${key}`, (out) =>
    step(`build ${component.name}`, () => build(component, source, out)),
  );
}

/** The sources of a module that a component depends on, as `go.sum` vouches for them. */
export async function moduleDirectory(component: Component, module: string): Promise<string> {
  const cwd = join(import.meta.dirname, "modules", component.name);
  const { stdout } = await run("go", ["mod", "download", "-json", module], {
    cwd,
    env: { GOFLAGS: "", GOWORK: "off" },
  });
  return z.object({ Dir: z.string() }).parse(JSON.parse(stdout)).Dir;
}

let release: Promise<string> | undefined;

function goRelease(): Promise<string> {
  release ??= run("go", ["env", "GOVERSION", "GOOS", "GOARCH"]).then(({ stdout }) => stdout);
  return release;
}

async function build(component: Component, source: string, out: string): Promise<void> {
  const seccomp = component.needsSeccomp === true ? await fetchSeccomp() : undefined;
  // -mod=readonly: what go.sum does not vouch for is an error, never an addition.
  const options = ["-mod=readonly", "-trimpath", "-buildvcs=false"];
  const linker = ["-s", "-w", ...(await versionFlags(component, source))];
  if (seccomp !== undefined) {
    options.push("-tags=seccomp,netgo,osusergo");
    linker.push("-linkmode=external", '-extldflags "-static"');
  }
  await run("go", ["build", ...options, `-ldflags=${linker.join(" ")}`, "-o", `${out}/`, "tool"], {
    cwd: source,
    env: {
      GOFLAGS: "",
      GOWORK: "off",
      CGO_ENABLED: seccomp === undefined ? "0" : "1",
      ...(seccomp === undefined ? {} : pkgConfigEnvironment(seccomp)),
    },
  });
  if (seccomp !== undefined) await rm(seccomp, { recursive: true });
  const { rename: renamed } = component;
  if (renamed !== undefined) await rename(join(out, renamed.from), join(out, renamed.to));
}

async function versionFlags({ version }: Component, source: string): Promise<readonly string[]> {
  if (version === undefined) return [];
  const list = ["list", "-mod=readonly", "-m", "-f", "{{.Version}}", version.module];
  const { stdout } = await run("go", list, { cwd: source, env: { GOFLAGS: "", GOWORK: "off" } });
  return [`-X=${version.variable}=${stdout.trim()}`];
}

/** Debian's libseccomp for compiling against, unpacked into a temporary directory and not installed. */
async function fetchSeccomp(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "libseccomp-"));
  const download = ["-q", "-o", "APT::Sandbox::User=root", "download", "libseccomp-dev"];
  if ((await tryRun("apt-get", download, { cwd: directory })).exitCode !== 0) {
    // A fresh machine has no package lists, and an old one may ask for a file that is gone.
    await run("apt-get", ["-q", "update"]);
    await run("apt-get", download, { cwd: directory });
  }
  for (const file of await readdir(directory)) {
    await run("dpkg", ["-x", join(directory, file), directory]);
  }
  return directory;
}

function pkgConfigEnvironment(directory: string): Record<string, string> {
  const multiarch = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch as string];
  return {
    PKG_CONFIG_SYSROOT_DIR: directory,
    PKG_CONFIG_PATH: join(directory, "usr/lib", multiarch ?? process.arch, "pkgconfig"),
  };
}
