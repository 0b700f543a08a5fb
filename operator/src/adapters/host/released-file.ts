// SPDX-License-Identifier: Apache-2.0
import { open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Incarnation } from "../../core/guest/paths.ts";
import { PortError } from "../../ports/errors.ts";
import type { ReleasedTokens } from "../../ports/released-tokens.ts";

/**
 * The file of released tokens: one line `SERVER_UID TOKEN` for each, only ever added to. A line counts
 * when its end is there: a crash in the middle of one has released nothing.
 */
export class ReleasedFile implements ReleasedTokens {
  readonly #path: string;
  /** The highest token of each server. */
  readonly #tokens: Map<string, number>;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, tokens: Map<string, number>) {
    this.#path = path;
    this.#tokens = tokens;
  }

  /** Throws when the file is there and cannot be read: what was released is not known then. */
  static async open(path: string): Promise<ReleasedFile> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const tokens = new Map<string, number>();
    for (const line of text.split("\n").slice(0, -1)) {
      const [, serverUid, token] = /^(\S{1,64}) ([1-9]\d{0,15})$/.exec(line) ?? [];
      if (serverUid === undefined) continue;
      tokens.set(serverUid, Math.max(tokens.get(serverUid) ?? 0, Number(token)));
    }
    return new ReleasedFile(path, tokens);
  }

  has({ serverUid, token }: Incarnation): boolean {
    return token <= (this.#tokens.get(serverUid) ?? 0);
  }

  /** One after the other: lines do not mix. */
  async add(incarnation: Incarnation): Promise<void> {
    const turn = this.#last.then(() => this.#append(incarnation));
    this.#last = turn.catch(() => {});
    await turn;
  }

  async #append(incarnation: Incarnation): Promise<void> {
    if (this.has(incarnation)) return;
    const { serverUid, token } = incarnation;
    try {
      // The line break before it ends what a crash, or a full disk, left of an earlier one.
      await appendDurably(this.#path, `\n${serverUid} ${token}\n`);
    } catch (cause) {
      throw new PortError("FileFailed", (cause as Error).message, { cause });
    }
    this.#tokens.set(serverUid, token);
  }
}

async function appendDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "a", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
