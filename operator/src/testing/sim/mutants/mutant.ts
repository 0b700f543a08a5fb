// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The product's sources, and those of the simulator. */
const sourceRoot = join(import.meta.dirname, "../../..");

/** One change of one source. */
export interface Edit {
  /** Relative to operator/src. */
  readonly file: string;
  /** Text that is there once. */
  readonly find: string;
  readonly replace: string;
}

/** A bug that is planted to see whether the simulator finds it. */
export interface Mutant {
  readonly name: string;
  /** The rule that it breaks: a section of the protocol, or a duty of the platform. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
}

/** The changed sources by their paths. Throws when a text is not there, or more than once. */
export function mutatedSources({ name, edits }: Mutant): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const { file, find, replace } of edits) {
    const path = join(sourceRoot, file);
    const text = sources.get(path) ?? readFileSync(path, "utf8");
    const count = text.split(find).length - 1;
    if (count !== 1) {
      throw new Error(
        `mutant ${name}: its text is ${count} times in ${file}: plant the bug in what the source is now`,
      );
    }
    sources.set(
      path,
      text.replace(find, () => replace),
    );
  }
  return sources;
}
