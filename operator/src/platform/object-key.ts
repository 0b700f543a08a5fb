// SPDX-License-Identifier: Apache-2.0
import type { ObjectRef, ResourceObject } from "../ports/kube.ts";

/** "namespace/name", or "name" for a cluster-scoped object: its key in caches and queues. */
export function keyOf(object: ResourceObject | ObjectRef): string {
  const { namespace, name } = "metadata" in object ? object.metadata : object;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The object that a key of {@link keyOf} names. */
export function refOf(key: string): ObjectRef {
  const slash = key.indexOf("/");
  if (slash === -1) return { name: key };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
