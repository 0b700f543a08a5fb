// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../ports/clock.ts";
import type { PortError } from "../ports/errors.ts";
import type { ResourceObject, ResourceType, WatchEvent } from "../ports/kube.ts";
import type { History, HistoryEntry } from "./fake-kube-history.ts";
import { toClient } from "./fake-kube-object.ts";
import type { Matcher } from "./fake-kube-selectors.ts";

interface WatchOptions {
  readonly history: History;
  readonly clock: Clock;
  /** Where it begins. */
  readonly version: number;
  readonly timeoutSeconds: number;
  /** The version of the whole API server. */
  readonly currentVersion: () => number;
}

/** What a watch has to say: a change, or that it has seen everything up to a version. */
export type Said = HistoryEntry | { readonly bookmark: number };

/** One open watch, as the API server sees it. */
export class OpenWatch {
  readonly #options: WatchOptions;
  readonly #cancelTimeout: () => void;
  #version: number;
  #isBookmarkDue = false;
  #hasExpired = false;
  #isDropped = false;
  #isSilent = false;
  #error: PortError | undefined;
  #wake: () => void = () => undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#version = options.version;
    options.history.listeners.add(this.#onHistory);
    this.#cancelTimeout = options.clock.after(options.timeoutSeconds * 1000, () => this.#expire());
  }

  /** The next thing it says; undefined when it is over or the signal aborts. */
  async next(signal: AbortSignal): Promise<Said | undefined> {
    while (!signal.aborted) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#isDropped) return undefined;
      const said = this.#isSilent ? undefined : this.#say();
      if (said !== undefined) return said;
      if (this.#hasExpired && !this.#isSilent) return undefined;
      await this.#changed(signal);
    }
    return undefined;
  }

  /** Ends it now, whatever it had still to say. */
  drop(error?: PortError): void {
    this.#isDropped = true;
    this.#error = error;
    this.#wake();
  }

  /** Its connection leads nowhere from now on: nothing comes, not even the end. */
  silence(): void {
    this.#isSilent = true;
  }

  bookmark(): void {
    this.#isBookmarkDue = true;
    this.#wake();
  }

  close(): void {
    this.#options.history.listeners.delete(this.#onHistory);
    this.#cancelTimeout();
  }

  readonly #onHistory = (): void => this.#wake();

  #expire(): void {
    this.#isBookmarkDue = true;
    this.#hasExpired = true;
    this.#wake();
  }

  #say(): Said | undefined {
    const { history, currentVersion } = this.#options;
    const entry = history.after(this.#version);
    if (entry !== undefined) {
      if (history.waitMs(entry) > 0) return undefined;
      this.#version = entry.version;
      return entry;
    }
    if (!this.#isBookmarkDue) return undefined;
    this.#isBookmarkDue = false;
    this.#version = Math.max(this.#version, currentVersion());
    return { bookmark: this.#version };
  }

  /** Resolves when there may be something to say: a change, the end of a lag, an abort. */
  #changed(signal: AbortSignal): Promise<void> {
    const { history, clock } = this.#options;
    const entry = this.#isSilent ? undefined : history.after(this.#version);
    return new Promise((resolve) => {
      const finish = (): void => {
        cancelLag();
        signal.removeEventListener("abort", finish);
        resolve();
      };
      this.#wake = finish;
      signal.addEventListener("abort", finish, { once: true });
      const cancelLag =
        entry === undefined ? () => undefined : clock.after(history.waitMs(entry), finish);
    });
  }
}

/** A change as a watch with a selector sees it: what leaves the selection is deleted for it. */
export function eventOf<T extends ResourceObject>(
  type: ResourceType<T>,
  said: Said,
  matches: Matcher,
): WatchEvent<T> | undefined {
  if ("bookmark" in said) return { type: "BOOKMARK", resourceVersion: String(said.bookmark) };
  const { before, after, isDeletion, version } = said;
  const wasSelected = before !== undefined && matches(before);
  if (!isDeletion && matches(after)) {
    return { type: wasSelected ? "MODIFIED" : "ADDED", object: toClient(type, after) };
  }
  if (!wasSelected) return undefined;
  const metadata = { ...before.metadata, resourceVersion: String(version) };
  return { type: "DELETED", object: toClient(type, { ...before, metadata }) };
}
