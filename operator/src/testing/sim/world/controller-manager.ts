// SPDX-License-Identifier: Apache-2.0
import { NotFound } from "../../../ports/errors.ts";
import { resources } from "../../../ports/kube.ts";
import type { Api } from "./api.ts";
import type { Timeline } from "./timeline.ts";

const intervalMs = 1000;
/** Pods of a node that is gone are removed after this time. */
const podQuarantineMs = 40_000;
const writer = { fieldManager: "kube-controller-manager" };

/** Garbage collection, of objects without owners, of pods without a node, and of namespaces. */
export class ControllerManager {
  readonly #api: Api;
  readonly #timeline: Timeline;
  readonly #lostSince = new Map<string, number>();

  constructor(api: Api, timeline: Timeline) {
    this.#api = api;
    this.#timeline = timeline;
  }

  start(): void {
    this.#timeline.after(intervalMs, () => void this.#round());
  }

  async #round(): Promise<void> {
    if (!this.#api.isAway) {
      this.#api.kube.collectGarbage();
      await this.#removeLostPods();
      await this.#emptyNamespaces();
    }
    this.start();
  }

  async #removeLostPods(): Promise<void> {
    const { kube } = this.#api;
    const options = { consistency: "quorum" } as const;
    const nodes = await kube.list(resources.nodes, options);
    const names = new Set(nodes.items.map(({ metadata }) => metadata.name));
    const nowMs = this.#timeline.nowMs;
    for (const { metadata, spec } of (await kube.list(resources.pods, options)).items) {
      const { uid = "", name, namespace = "" } = metadata;
      if (spec.nodeName === undefined || names.has(spec.nodeName)) {
        this.#lostSince.delete(uid);
        continue;
      }
      const sinceMs = this.#lostSince.get(uid) ?? nowMs;
      this.#lostSince.set(uid, sinceMs);
      if (nowMs - sinceMs < podQuarantineMs) continue;
      await kube.delete(resources.pods, { namespace, name }, { uid, gracePeriodSeconds: 0 });
    }
  }

  /** A namespace that was deleted goes when nothing is left in it. */
  async #emptyNamespaces(): Promise<void> {
    const { kube } = this.#api;
    const { items } = await kube.list(resources.namespaces, { consistency: "quorum" });
    for (const { metadata } of items) {
      if (metadata.deletionTimestamp === undefined) continue;
      kube.deleteNamespace(metadata.name);
      if (kube.isTerminating(metadata.name)) continue;
      try {
        const change = { metadata: { finalizers: [] } };
        await kube.patch(resources.namespaces, { name: metadata.name }, change, writer);
      } catch (error) {
        if (!(error instanceof NotFound)) throw error;
      }
    }
  }
}
