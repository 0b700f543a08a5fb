// SPDX-License-Identifier: Apache-2.0
/** Regular expressions that JavaScript and the API server's RE2 read alike. */

/** What is left of a pattern after its plain escapes and classes, and why the two read it differently. */
const differences: readonly (readonly [left: RegExp, why: string])[] = [
  [/[^ -~]/, "is not ASCII: JavaScript counts UTF-16 units, RE2 characters"],
  [
    /\\/,
    "has an escape other than \\d and of punctuation: \\s and \\w differ, back references too",
  ],
  [/\[/, "has a negated class, which counts UTF-16 units in JavaScript and characters in RE2"],
  [/\./, "has a dot, which excludes other line ends in JavaScript than in RE2"],
  [/\(\?(?!:)/, "looks around or names a group"],
];

/** The pattern as the API server reads it. Throws when JavaScript would read it differently. */
export function portablePattern({ source, flags }: RegExp): string {
  if (flags !== "") throw new Error(`/${source}/${flags} has flags`);
  const left = source.replaceAll(/\\(?:d|[^A-Za-z0-9])/g, "x").replaceAll(/\[[^\]^][^\]]*\]/g, "x");
  for (const [difference, why] of differences) {
    if (difference.test(left)) throw new Error(`/${source}/ ${why}`);
  }
  // JavaScript escapes the slash because it ends a literal; RE2 need not.
  return source.replaceAll("\\/", "/");
}
