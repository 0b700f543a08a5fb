// SPDX-License-Identifier: Apache-2.0
import type { Pod } from "../../../ports/kube.ts";

interface Container {
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

/** How many of each extended resource a pod asks for. */
export function deviceRequests({ spec }: Pod): Readonly<Record<string, number>> {
  const containers = spec["containers"] as readonly Container[];
  const requests = containers.flatMap(({ resources }) => Object.entries(resources?.requests ?? {}));
  const devices = requests.filter(([name]) => name.includes("/"));
  return Object.fromEntries(devices.map(([name, count]) => [name, Number(count)]));
}
