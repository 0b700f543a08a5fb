// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { ClaimBook } from "../../core/guest/claim.ts";
import { isRuleFleetWide } from "../../core/guest/group-rule.ts";
import { keyOf } from "../../platform/object-key.ts";
import { type KubeStore, resources } from "../../ports/kube.ts";
import type { Host } from "./host.ts";

/**
 * What the host is committed to. An acceptance that is being written counts already: the cache of Guests
 * shows it later.
 */
export class Claims {
  readonly #host: Host;
  readonly #kube: KubeStore;
  readonly #guests: () => readonly Guest[];
  /** Uids of Guests by their keys. */
  readonly #accepted = new Map<string, string>();

  constructor(host: Host, kube: KubeStore, guests: () => readonly Guest[]) {
    this.#host = host;
    this.#kube = kube;
    this.#guests = guests;
  }

  /** What the claim of `guest` is judged by; one whose files are here is one that was taken before. */
  async book(guest: Guest, hasFiles: boolean): Promise<ClaimBook> {
    const own = keyOf(guest);
    const isToBeJudged = guest.status?.claim === undefined && !hasFiles;
    return {
      peers: isToBeJudged && isRuleFleetWide(guest) ? await this.#group(guest) : [],
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

  /** Every Guest of its server group there is now: what was made before it is among them. */
  async #group({ metadata, spec }: Guest): Promise<readonly Guest[]> {
    const { namespace = "" } = metadata;
    const fieldSelector = `spec.group.name=${spec.group?.name}`;
    const selection = { namespace, fieldSelector, consistency: "quorum" } as const;
    return (await this.#kube.list(resources.guests, selection)).items;
  }
}
