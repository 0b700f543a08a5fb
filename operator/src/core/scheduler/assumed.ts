// SPDX-License-Identifier: Apache-2.0
import type { Server } from "../../api/kinds.ts";
import type { AssumedClaim } from "./claims.ts";

/**
 * Decisions that were made but that no cache shows yet: the next decision has to count them. Held by one
 * leader in memory; a new leader needs none of it, since what was written is in the objects.
 */
export class AssumedClaims {
  readonly #claims = new Map<string, AssumedClaim & { readonly namespace: string }>();

  /** Assumes the claim of a Server; call it in the same turn as the decision, before any wait. */
  add({ metadata }: Server, claim: AssumedClaim): void {
    const { namespace = "", name } = metadata;
    this.#claims.set(`${namespace}/${name}`, { ...claim, namespace });
  }

  /** A cache shows the Server: what it shows need not be assumed any more. */
  seen(key: string, server: Server | undefined): void {
    const claim = this.#claims.get(key);
    if (claim === undefined) return;
    if (server === undefined || server.status?.run?.guest === claim.guest) this.#claims.delete(key);
  }

  /** A fresh read shows the Server: what it does not show was not written, and never will be. */
  read(key: string, server: Server | undefined): void {
    const claim = this.#claims.get(key);
    if (claim !== undefined && server?.status?.run?.guest !== claim.guest) this.#claims.delete(key);
  }

  list(): (AssumedClaim & { readonly namespace: string })[] {
    return [...this.#claims.values()];
  }
}
