// SPDX-License-Identifier: Apache-2.0
import type { ResourceType } from "../../ports/kube.ts";

/** Which part of a resource a request is about. */
export interface ResourceLocation {
  readonly namespace?: string | undefined;
  readonly name?: string;
  readonly subresource?: "status" | undefined;
}

type Query = Readonly<Record<string, string | number | undefined>>;

/**
 * The API server's path of a resource or of one object, with a query; undefined members are left
 * out. Throws when a namespace is given to a cluster-scoped resource or missing with a name.
 */
export function resourcePath(
  type: ResourceType,
  { namespace, name, subresource }: ResourceLocation,
  query: Query = {},
): string {
  assertScope(type, namespace, name);
  const segments = [
    ...(type.group === "" ? ["api"] : ["apis", type.group]),
    type.version,
    ...(namespace === undefined ? [] : ["namespaces", namespace]),
    type.plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(key, String(value));
  }
  const path = `/${segments.map(encodeURIComponent).join("/")}`;
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}

function assertScope(
  { kind, isNamespaced }: ResourceType,
  namespace: string | undefined,
  name: string | undefined,
): void {
  const isWrong = isNamespaced
    ? name !== undefined && namespace === undefined
    : namespace !== undefined;
  if (isWrong) throw new TypeError(`${kind} ${name ?? ""}: namespace missing or out of place`);
}
