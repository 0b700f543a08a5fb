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

/** A file of the config drive. */
export interface DriveFile {
  readonly path: string;
  readonly parts: readonly Part[];
}

/** An answer of the metadata service. */
export interface Page {
  readonly path: string;
  readonly contentType: string;
  readonly parts: readonly Part[];
}

export interface Recipe {
  /** File system of the config drive. */
  readonly drive: "iso9660" | "vfat" | "none";
  readonly files: readonly DriveFile[];
  readonly pages: readonly Page[];
}

/**
 * The recipe as the pod's program reads it: a line for each value (`text LENGTH` with the bytes on the
 * next line, or `secret ENCODING BYTES-MAX FILE ORIGIN`), each written once; then a line for each file
 * and page with the numbers of its values from 0, `r` for a random seed.
 */
export function formatRecipe({ drive, files, pages }: Recipe): string {
  const values = new Map<string, number>();
  const references = (parts: readonly Part[]): string =>
    parts.map((part) => (isRandom(part) ? " r" : ` ${numberOf(valueLine(part), values)}`)).join("");
  const lines = [
    ...files.map(({ path, parts }) => `file ${path}${references(parts)}\n`),
    ...pages.map(
      ({ path, contentType, parts }) => `page ${path} ${contentType}${references(parts)}\n`,
    ),
  ];
  return [`metadata 1\ndrive ${drive}\n`, ...values.keys(), ...lines].join("");
}

function valueLine(part: string | SecretPart): string {
  if (typeof part === "string") return `text ${utf8.encode(part).length}\n${part}\n`;
  const { encoding, bytesMax, file, origin } = part;
  return `secret ${encoding} ${bytesMax} ${file} ${origin}\n`;
}

const utf8 = new TextEncoder();

function numberOf(line: string, values: Map<string, number>): number {
  const known = values.get(line) ?? values.size;
  values.set(line, known);
  return known;
}

function isRandom(part: Part): part is RandomPart {
  return typeof part !== "string" && part.kind === "random";
}
