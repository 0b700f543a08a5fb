// SPDX-License-Identifier: Apache-2.0
import type { HostView } from "../../core/guest/view.ts";
import { isEqual } from "../../core/lib/equal.ts";
import type { Inventories } from "../../core/placement/inventory.ts";

/** What the reporter found out about the host, for those that decide about guests. */
export class HostBoard {
  #view: HostView;
  #inventories: Inventories | undefined;
  readonly #handlers: (() => void)[] = [];

  /** Which boot of the node this is, is known from the start. */
  constructor(bootId: string) {
    this.#view = { bootId, virtType: undefined, guestImage: undefined };
  }

  view(): HostView {
    return this.#view;
  }

  /** What there is to be claimed; undefined when nothing may be. */
  inventories(): Inventories | undefined {
    return this.#inventories;
  }

  post(view: HostView, inventories: Inventories | undefined): void {
    if (isEqual([view, inventories], [this.#view, this.#inventories])) return;
    this.#view = view;
    this.#inventories = inventories;
    for (const handler of this.#handlers) handler();
  }

  /** Calls `handler` after each change. */
  onChange(handler: () => void): void {
    this.#handlers.push(handler);
  }
}
