// SPDX-License-Identifier: Apache-2.0
/** Services before a tenant's servers, and whom they lead to. */
import type { Tenant } from "./tenant.ts";

/** A Service of one port that leads to the pods with these labels. */
export function serviceOf(
  { namespace }: Tenant,
  name: string,
  selector: Readonly<Record<string, string>>,
  port = 80,
) {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { selector, ports: [{ port }] },
  } as const;
}

interface EndpointSlice {
  /** Null where there are none. */
  readonly endpoints:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions: { readonly ready: boolean };
      }[]
    | null;
}

/** The addresses of the pods that a Service leads to: those that are ready. */
export async function readyEndpoints(tenant: Tenant, service: string): Promise<string[]> {
  const text = await tenant.kubectl(
    ...["get", "endpointslices", "-n", tenant.namespace],
    ...["-l", `kubernetes.io/service-name=${service}`, "-o", "json"],
  );
  const { items } = JSON.parse(text) as { readonly items: readonly EndpointSlice[] };
  return items
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions.ready)
    .flatMap(({ addresses }) => addresses.slice(0, 1));
}
