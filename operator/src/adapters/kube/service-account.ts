// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { Unavailable } from "../../ports/errors.ts";

/** The kubelet replaces the file long before the token in it expires. */
const freshMs = 60_000;

/** A service account's token, read from its file again every minute and when it was not accepted. */
export class TokenFile {
  readonly #path: string;
  #token: { readonly text: string; readonly readMs: number } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<string> {
    const nowMs = performance.now();
    if (this.#token === undefined || nowMs - this.#token.readMs > freshMs) {
      this.#token = { text: await this.#readFile(), readMs: nowMs };
    }
    return this.#token.text;
  }

  forget(): void {
    this.#token = undefined;
  }

  async #readFile(): Promise<string> {
    try {
      return (await readFile(this.#path, "utf8")).trim();
    } catch (error) {
      throw new Unavailable(`the service account token cannot be read: ${this.#path}`, error);
    }
  }
}
