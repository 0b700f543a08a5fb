// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { productSources } from "./product.ts";
import { repositoryPath } from "./repository.ts";

/** The package of each import, without the modules of Node and our own. */
function packagesIn(source: string): string[] {
  const names = [...source.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)";/gm)]
    .map(([, name = ""]) => name)
    .filter((name) => !name.startsWith(".") && !name.startsWith("node:"));
  return names.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
}

test("the image installs the packages that its sources import, and no others", async () => {
  const sources = await productSources();
  expect(sources.length).toBeGreaterThan(100);
  const imported = sources.flatMap((path) =>
    packagesIn(readFileSync(repositoryPath(path), "utf8")),
  );
  expect([...new Set(imported)].toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
});
