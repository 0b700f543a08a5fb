// SPDX-License-Identifier: Apache-2.0
/** What a machine must have for a cluster of namespaces, checked before anything is touched. */
import { existsSync } from "node:fs";
import { access, constants, readFile } from "node:fs/promises";
import { join } from "node:path";
import { missingHierarchies } from "./cgroups.ts";

/** Programs by the Debian package that has them. */
const programs = {
  go: "golang (https://go.dev/dl)",
  gcc: "gcc",
  "pkg-config": "pkg-config",
  openssl: "openssl",
  ip: "iproute2",
  nsenter: "util-linux",
  unshare: "util-linux",
  pivot_root: "util-linux",
  sysctl: "procps",
  tar: "tar",
  "apt-get": "apt, so Debian or a relative of it",
} as const;

export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new Error("a cluster of namespaces needs root: use sudo");
}

/** Throws with everything that is missing and how to get it. */
export async function checkPrerequisites(): Promise<void> {
  requireRoot();
  const missing: string[] = [];
  for (const [program, source] of Object.entries(programs)) {
    if (!(await isInPath(program))) missing.push(`${program}: install ${source}`);
  }
  const hierarchies = missingHierarchies();
  if (hierarchies.length > 0) {
    missing.push(`control groups of version 1: ${hierarchies.join(", ")}`);
  }
  if (!(await readFile("/proc/filesystems", "utf8")).includes("\toverlay\n")) {
    missing.push("the overlay file system: modprobe overlay");
  }
  if (!existsSync("/proc/sys/net/ipv6")) {
    missing.push("IPv6: start the kernel without ipv6.disable=1");
  }
  if (missing.length === 0) return;
  throw new Error(
    `a cluster of namespaces needs what this machine lacks; with a Docker engine, kind is used ` +
      `instead:\n${missing.map((one) => `  ${one}`).join("\n")}`,
  );
}

async function isInPath(program: string): Promise<boolean> {
  for (const directory of (process.env["PATH"] ?? "").split(":")) {
    try {
      await access(join(directory, program), constants.X_OK);
      return true;
    } catch {
      // Not here: look in the next directory.
    }
  }
  return false;
}
