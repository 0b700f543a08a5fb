// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { ClaimBook } from "../../core/guest/claim.ts";
import { keyOf } from "../../platform/object-key.ts";
import type { Host } from "./host.ts";

/**
 * What the host is committed to. An acceptance that is being written counts already: the cache of Guests
 * shows it later.
 */
export class Claims {
  readonly #host: Host;
  readonly #guests: () => readonly Guest[];
  /** Uids of Guests by their keys. */
  readonly #accepted = new Map<string, string>();

  constructor(host: Host, guests: () => readonly Guest[]) {
    this.#host = host;
    this.#guests = guests;
  }

  /** What the claim of `guest` is judged by; one whose files are here is one that was taken before. */
  book(guest: Guest, hasFiles: boolean): ClaimBook {
    const own = keyOf(guest);
    return {
      guests: this.#guests(),
      inventories: this.#host.inventories(),
      isCommitted: (other) => {
        const key = keyOf(other);
        return (key === own && hasFiles) || this.#accepted.get(key) === other.metadata.uid;
      },
    };
  }

  /** The acceptance of this Guest's claim is about to be written. */
  accept(guest: Guest): void {
    this.#accepted.set(keyOf(guest), guest.metadata.uid ?? "");
  }

  forget(key: string): void {
    this.#accepted.delete(key);
  }
}
