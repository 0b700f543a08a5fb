// SPDX-License-Identifier: Apache-2.0
import { kinds } from "../../../api/kinds.ts";
import type { KubeStore, ResourceObject } from "../../../ports/kube.ts";

/** Who wrote a member that this release does not know. */
export type LaterMember = "laterOperator" | "laterAgent";

/** What an operator or an agent of a later release writes: a member more than this one knows. */
const written: Readonly<Record<LaterMember, Readonly<Record<string, readonly string[]>>>> = {
  laterOperator: {
    [kinds.guest.kind]: ["create"],
    [kinds.server.kind]: ["updateStatus"],
    [kinds.hypervisor.kind]: ["apply"],
  },
  laterAgent: { [kinds.guest.kind]: ["updateStatus"], [kinds.hypervisor.kind]: ["apply"] },
};

/** The API server as a process of a later release uses it: the same, and a fact more in what it writes. */
export function ofLaterRelease(kube: KubeStore, member: LaterMember): KubeStore {
  const more = <T extends object>(verb: string, kind: string, object: T): T => {
    if (written[member][kind]?.includes(verb) !== true) return object;
    const part = verb === "create" ? "spec" : "status";
    const value = (object as Readonly<Record<string, unknown>>)[part] as object | undefined;
    return { ...object, [part]: { ...value, [member]: "1" } };
  };
  return {
    get: (type, ref) => kube.get(type, ref),
    list: (type, options) => kube.list(type, options),
    watch: (type, options, signal) => kube.watch(type, options, signal),
    update: (type, object, options) => kube.update(type, object, options),
    patch: (type, ref, patch, options) => kube.patch(type, ref, patch, options),
    delete: (type, ref, options) => kube.delete(type, ref, options),
    create: (type, object, options) =>
      kube.create(type, more("create", type.kind, object), options),
    updateStatus: (type, object, options) =>
      kube.updateStatus(type, more("updateStatus", type.kind, object), options),
    apply: <T extends ResourceObject>(
      ...[type, object, options]: Parameters<typeof kube.apply<T>>
    ) => kube.apply(type, more("apply", type.kind, object), options),
  };
}
