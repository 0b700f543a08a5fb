// SPDX-License-Identifier: Apache-2.0
import { dirname } from "node:path";
import type { NodeFiles } from "../ports/node-files.ts";

/** Files in memory, by path. */
export class FakeNodeFiles implements NodeFiles {
  readonly texts = new Map<string, string>();

  async read(path: string): Promise<string | undefined> {
    return this.texts.get(path);
  }

  async write(path: string, text: string): Promise<void> {
    this.texts.set(path, text);
  }

  async remove(path: string): Promise<void> {
    this.texts.delete(path);
  }

  async list(directory: string): Promise<readonly string[]> {
    return [...this.texts.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => path.slice(directory.length + 1));
  }
}
