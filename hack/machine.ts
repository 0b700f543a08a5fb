// SPDX-License-Identifier: Apache-2.0
/** What a Debian machine must have before anything is built; installed when it is missing. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { run } from "./exec.ts";

/** A program that is needed, and the Debian package that brings it. */
const needed: Readonly<Record<string, string>> = {
  mmdebstrap: "mmdebstrap",
  ip: "iproute2",
  gcc: "gcc",
  openssl: "openssl",
  zstd: "zstd",
  nsenter: "util-linux",
  ssh: "openssh-client",
  "pkg-config": "pkg-config",
};

function isPresent(program: string): boolean {
  const directories = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  return directories.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Installs what is missing with apt-get. Safe to call again; does nothing when all is there. */
export async function prepareMachine(): Promise<void> {
  const missing = Object.keys(needed).filter((program) => !isPresent(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => needed[program] ?? program))];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-q"], { env });
  await run("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...packages], { env });
}
