// SPDX-License-Identifier: Apache-2.0
import { PortError } from "../ports/errors.ts";
import type { KubeStore, ResourceType } from "../ports/kube.ts";
import type { Metrics } from "./metrics.ts";

type Verb = "create" | "update" | "updateStatus" | "apply" | "patch" | "delete";

/** The same store, which counts its writes: a converged system must not write but Leases. */
export function countWrites(store: KubeStore, metrics: Metrics): KubeStore {
  const counted = async <T>(verb: Verb, type: ResourceType, write: Promise<T>): Promise<T> => {
    let outcome = "ok";
    try {
      return await write;
    } catch (error) {
      outcome = error instanceof PortError ? error.reason : "bug";
      throw error;
    } finally {
      metrics.apiWrites.inc({ kind: type.kind, verb, outcome });
    }
  };
  return {
    get: (type, ref) => store.get(type, ref),
    list: (type, options) => store.list(type, options),
    watch: (type, options, signal) => store.watch(type, options, signal),
    create: (type, object, options) => counted("create", type, store.create(type, object, options)),
    update: (type, object, options) => counted("update", type, store.update(type, object, options)),
    updateStatus: (type, object, options) =>
      counted("updateStatus", type, store.updateStatus(type, object, options)),
    apply: (type, object, options) => counted("apply", type, store.apply(type, object, options)),
    patch: (type, ref, patch, options) =>
      counted("patch", type, store.patch(type, ref, patch, options)),
    delete: (type, ref, options) => counted("delete", type, store.delete(type, ref, options)),
  };
}
