// SPDX-License-Identifier: Apache-2.0
/**
 * npm run image -- all | debian | guest | product | tiny
 *
 * Builds images without a container engine, or finds them in the cache, and prints for each its name,
 * its digest and the file to load into nodes (`ctr -n k8s.io images import FILE`) or to boot.
 */
import { buildDebian } from "../../e2e/guests/debian/build.ts";
import { buildTiny } from "../../e2e/guests/tiny/build.ts";
import { buildGuestImage } from "./guest.ts";
import { buildProductImage } from "./product.ts";

const builders: Readonly<Record<string, () => Promise<object>>> = {
  debian: buildDebian,
  guest: buildGuestImage,
  product: buildProductImage,
  tiny: buildTiny,
};

const [wanted = "", ...rest] = process.argv.slice(2);
const names = wanted === "all" ? Object.keys(builders) : [wanted];
if (rest.length > 0 || names.some((name) => !(name in builders))) {
  process.stderr.write(`usage: npm run image -- all | ${Object.keys(builders).join(" | ")}\n`);
  process.exit(2);
}
for (const name of names) {
  process.stdout.write(`${name}\n`);
  for (const [key, value] of Object.entries((await builders[name]?.()) ?? {})) {
    process.stdout.write(`  ${key.padEnd(10)}${value}\n`);
  }
}
