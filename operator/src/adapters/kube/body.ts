// SPDX-License-Identifier: Apache-2.0
import { PortError } from "../../ports/errors.ts";

const newline = 10;

/** All of a body as text. Throws when it is longer than `bytesMax`. */
export async function textOf(chunks: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLong("answer", bytesMax);
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString();
}

/** The lines of a body as they come, empty ones left out. Throws when one is longer than `bytesMax`. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  bytesMax: number,
): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let bytes = 0;
  const keep = (part: Buffer): void => {
    bytes += part.length;
    if (bytes > bytesMax) throw tooLong("line of a watch", bytesMax);
    parts.push(part);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      const line = Buffer.concat(parts).toString();
      parts = [];
      bytes = 0;
      start = end + 1;
      if (line !== "") yield line;
    }
    keep(chunk.subarray(start));
  }
  // What stands after the last newline is an object that was cut: the watch is resumed before it.
}

function tooLong(what: string, bytesMax: number): PortError {
  return new PortError("TooLong", `the API server sent a ${what} of more than ${bytesMax} bytes`);
}
