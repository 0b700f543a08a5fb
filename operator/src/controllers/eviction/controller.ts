// SPDX-License-Identifier: Apache-2.0
import { fieldManager } from "../../api/names.ts";
import { budgetName, evictionBudget, isGuarded } from "../../core/eviction/budget.ts";
import { isEqual } from "../../core/lib/equal.ts";
import { Controller, type ReconcileResult } from "../../platform/controller.ts";
import { resources } from "../../ports/kube.ts";
import { ifPresent } from "../absence.ts";
import type { Context, Fleet } from "../fleet.ts";

/** Keeps one PodDisruptionBudget in each namespace that has servers. Keys are namespaces. */
export class EvictionController {
  readonly #context: Context;
  readonly #fleet: Fleet;
  readonly #controller: Controller;

  constructor(context: Context, fleet: Fleet) {
    this.#context = context;
    this.#fleet = fleet;
    this.#controller = new Controller({
      ...context,
      name: "eviction",
      workers: 1,
      reconcile: (namespace) => this.#reconcile(namespace),
    });
    fleet.servers.onChange(({ old, current }) => {
      // Only the first and the last server of a namespace change anything.
      if (old !== undefined && current !== undefined && isGuarded([old]) === isGuarded([current])) {
        return;
      }
      this.#controller.enqueue((current ?? old)?.metadata.namespace ?? "");
    });
    fleet.budgets.onChange(({ old, current }) => {
      this.#controller.enqueue((current ?? old)?.metadata.namespace ?? "");
    });
  }

  /** Works until aborted. The fleet's caches must be whole. */
  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async #reconcile(namespace: string): Promise<ReconcileResult> {
    const { kube } = this.#context;
    const found = this.#fleet.budgets.get(`${namespace}/${budgetName}`);
    const servers = this.#fleet.servers.byIndex("namespace", namespace);
    if (isGuarded(servers) && !this.#fleet.isLeaving(namespace)) {
      const budget = evictionBudget(namespace);
      if (!isEqual(found?.spec, budget.spec)) {
        const writer = { fieldManager: fieldManager.operator };
        await kube.apply(resources.podDisruptionBudgets, budget, writer);
      }
    } else if (found !== undefined) {
      await ifPresent(kube.delete(resources.podDisruptionBudgets, { namespace, name: budgetName }));
    }
    return { kind: "done" };
  }
}
