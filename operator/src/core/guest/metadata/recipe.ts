// SPDX-License-Identifier: Apache-2.0
/**
 * How a guest's data is made, for the program in the server pod that makes it: the layout and every text
 * are decided here, what stands in Secrets and what is random is put in there.
 */

/** A value that the pod gets from a Secret, which the operator never reads. */
export interface SecretPart {
  readonly kind: "secret";
  /** Where it is in the pod, below the directory of its metadata. */
  readonly file: string;
  /** `json` writes it as the inside of a JSON string, without white space at its end. */
  readonly encoding: "raw" | "json";
  readonly bytesMax: number;
  /** Which Secret and key that is, and what names it: for people who have to make it. */
  readonly origin: string;
}

/** 512 random bytes in base64, new each time that they are read. */
interface RandomPart {
  readonly kind: "random";
}

export type Part = string | SecretPart | RandomPart;

export const randomSeed: RandomPart = { kind: "random" };

/** What is found at a path: on the config drive, in the metadata service, or in both. */
export interface Entry {
  /** With a slash at its beginning. */
  readonly path: string;
  readonly isOnDrive: boolean;
  /** Absent: the service does not show it. */
  readonly contentType?: string;
  readonly parts: readonly Part[];
}

/** A page that lists what is below its path. */
export function listEntry(path: string, names: readonly string[]): Entry {
  return { path, isOnDrive: false, contentType: "text/plain", parts: [names.join("\n")] };
}

export interface Recipe {
  /** File system of the config drive. */
  readonly drive: "iso9660" | "vfat" | "none";
  readonly entries: readonly Entry[];
}

/**
 * The recipe as the pod's program reads it: a line for each value (`text LENGTH` with the bytes on the
 * next line, or `secret ENCODING BYTES-MAX FILE ORIGIN`), each written once; then a line for each entry
 * with the numbers of its values from 0, `r` for a random seed. Entries of several versions with the same
 * content share a line: `{A,B}` in its path stands for A and for B.
 */
export function formatRecipe({ drive, entries }: Recipe): string {
  const values = new Values();
  const lines = entryLines(entries, values);
  return [`metadata 1\ndrive ${drive}\n`, ...values.lines, ...lines].join("");
}

/** A path with a version in it, which stands between slashes or at the end. */
const versioned = /^(.*\/)(\d{4}-\d\d-\d\d|1\.0|latest)((?:\/.*)?)$/;
const placeholder = "\0";

function entryLines(entries: readonly Entry[], values: Values): string[] {
  const versions = new Map<string, string[]>();
  for (const { path, isOnDrive, contentType = "-", parts } of entries) {
    const [, before = path, version = "", after = ""] = versioned.exec(path) ?? [];
    const word = isOnDrive ? "file" : "page";
    const references = parts.map((part) => ` ${reference(part, values)}`).join("");
    const line = `${word} ${before}${placeholder}${after} ${contentType}${references}\n`;
    const names = versions.get(line);
    if (names === undefined) versions.set(line, [version]);
    else names.push(version);
  }
  return [...versions].map(([line, names]) => {
    const [only = ""] = names;
    return line.replace(placeholder, names.length === 1 ? only : `{${names.join(",")}}`);
  });
}

function reference(part: Part, values: Values): string {
  return isRandom(part) ? "r" : String(values.numberOf(part));
}

const utf8 = new TextEncoder();

/** Each value once, numbered from 0. Most parts of a recipe stand in it ten times, once for each version. */
class Values {
  readonly lines: string[] = [];
  readonly #texts = new Map<string, number>();
  readonly #secrets = new Map<string, number>();

  numberOf(part: string | SecretPart): number {
    if (typeof part === "string") {
      return this.#number(this.#texts, part, () => `text ${utf8.encode(part).length}\n${part}\n`);
    }
    const { encoding, bytesMax, file, origin } = part;
    const line = `secret ${encoding} ${bytesMax} ${file} ${origin}\n`;
    return this.#number(this.#secrets, line, () => line);
  }

  #number(known: Map<string, number>, key: string, line: () => string): number {
    const found = known.get(key);
    if (found !== undefined) return found;
    const number = this.lines.push(line()) - 1;
    known.set(key, number);
    return number;
  }
}

function isRandom(part: Part): part is RandomPart {
  return typeof part !== "string" && part.kind === "random";
}
