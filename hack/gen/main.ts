// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run gen`: writes everything that follows from the declarations in operator/src/api: CRDs, the
 * chart's CRDs, RBAC and values, and the reference pages. With `--check` it writes nothing, names the
 * files that it would change, and exits with 1 if there are any.
 */
import { join } from "node:path";
import { differingFiles, writeFiles } from "./freshness.ts";
import { generatedFiles, generatedFolders } from "./generated-files.ts";

const root = join(import.meta.dirname, "../..");

async function main(args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg !== "--check")) {
    process.stderr.write("usage: npm run gen [-- --check]\n");
    return 2;
  }
  const files = generatedFiles();
  const differing = await differingFiles(root, files, generatedFolders);
  if (!args.includes("--check")) await writeFiles(root, files, differing);
  const did = args.includes("--check") ? "would change" : "wrote";
  process.stdout.write(differing.map((path) => `${did} ${path}\n`).join(""));
  process.stdout.write(
    `${files.size} generated files, ${differing.length} ${did === "wrote" ? "written" : "not fresh: run npm run gen"}\n`,
  );
  return args.includes("--check") && differing.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
