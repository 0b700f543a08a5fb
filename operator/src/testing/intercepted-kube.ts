// SPDX-License-Identifier: Apache-2.0
import { keyOf } from "../platform/object-key.ts";
import type { KubeStore, ResourceType } from "../ports/kube.ts";

export interface KubeCall {
  readonly verb: keyof KubeStore;
  readonly kind: string;
  /** Of one object; empty for list and watch. */
  readonly key: string;
}

/** What stands between a client and its API server. */
export interface Interceptor {
  /** Runs before the call takes effect: waiting delays it, throwing keeps it from happening. */
  before?(call: KubeCall): void | Promise<void>;
  /** Runs when the effect has happened: waiting delays the answer, throwing loses it. */
  after?(call: KubeCall): void | Promise<void>;
}

/** The same API server as one client sees it: with delays, errors and lost answers. */
export function interceptKube(kube: KubeStore, interceptor: Interceptor): KubeStore {
  const around = async <R>(
    verb: KubeCall["verb"],
    { kind }: ResourceType,
    key: string,
    act: () => Promise<R>,
  ): Promise<R> => {
    await interceptor.before?.({ verb, kind, key });
    const answer = await act();
    await interceptor.after?.({ verb, kind, key });
    return answer;
  };
  return {
    get: (type, ref) => around("get", type, keyOf(ref), () => kube.get(type, ref)),
    list: (type, options) => around("list", type, "", () => kube.list(type, options)),
    async *watch(type, options, signal) {
      await interceptor.before?.({ verb: "watch", kind: type.kind, key: "" });
      yield* kube.watch(type, options, signal);
    },
    create: (type, object, options) =>
      around("create", type, keyOf(object), () => kube.create(type, object, options)),
    update: (type, object, options) =>
      around("update", type, keyOf(object), () => kube.update(type, object, options)),
    updateStatus: (type, object, options) =>
      around("updateStatus", type, keyOf(object), () => kube.updateStatus(type, object, options)),
    apply: (type, object, options) =>
      around("apply", type, keyOf(object.metadata), () => kube.apply(type, object, options)),
    patch: (type, ref, patch, options) =>
      around("patch", type, keyOf(ref), () => kube.patch(type, ref, patch, options)),
    delete: (type, ref, options) =>
      around("delete", type, keyOf(ref), () => kube.delete(type, ref, options)),
  };
}
