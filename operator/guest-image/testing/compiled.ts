// SPDX-License-Identifier: Apache-2.0
/** The image's C programs, compiled by this machine's compiler for tests that run without the image. */
import { globSync } from "node:fs";
import { join } from "node:path";
import { cached, hashOf } from "../../../hack/cache.ts";
import { run } from "../../../hack/exec.ts";
import { forgetOthers } from "../../../hack/image/forget.ts";
import { digestOfSources, repositoryPath } from "../../../hack/image/repository.ts";

const flags = ["-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror"];
const checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover"];

type Program = "init" | "console" | "metadata" | "dhcp" | "readiness";

/** What programs are made of beside the directory of their name. */
const shared: Partial<Record<Program, readonly string[]>> = {
  init: ["pod"],
  readiness: ["pod"],
};

/**
 * The path of a program made of the sources in a directory beside this one, with the compiler's checks
 * of memory and arithmetic: a program that does something undefined aborts, and its test with it.
 */
export async function compiled(
  sources: Program,
  definitions: readonly string[] = [],
): Promise<string> {
  const directories = [sources, ...(shared[sources] ?? [])];
  const args = [...flags, ...checks, ...definitions];
  const files = directories
    .flatMap((name) => globSync(join(repositoryPath(`operator/guest-image/${name}`), "*.[ch]")))
    .toSorted();
  const names = files.map((file) => file.slice(repositoryPath("").length));
  const key = `test-${sources}-${hashOf(args, await digestOfSources(...names))}`;
  const entry = await cached(key, async (out) => {
    const inputs = files.filter((file) => file.endsWith(".c"));
    await run("gcc", [...args, "-o", join(out, "program"), ...inputs]);
  });
  await forgetOthers(entry);
  return join(entry, "program");
}

/** Throws when the compiler's checks found something; the program itself may have ended as it should. */
export function throwIfUnsound(stderr: string): void {
  if (/Sanitizer|runtime error/.test(stderr)) throw new Error(stderr);
}
