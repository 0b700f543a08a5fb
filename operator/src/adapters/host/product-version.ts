// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Version of the product, as its package says. */
export function readProductVersion(): string {
  const path = join(import.meta.dirname, "../../../../package.json");
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  return version;
}
