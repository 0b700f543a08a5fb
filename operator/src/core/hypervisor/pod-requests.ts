// SPDX-License-Identifier: Apache-2.0
import { parseQuantity } from "../lib/quantity.ts";

interface Container {
  readonly restartPolicy?: string;
  readonly resources?: { readonly requests?: { readonly memory?: string } };
}

/** The members of a pod that decide what memory it takes of its node. */
export interface PodMemory {
  readonly spec: {
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly overhead?: { readonly memory?: string };
    readonly resources?: { readonly requests?: { readonly memory?: string } };
  };
  readonly status?: { readonly phase?: string };
}

/**
 * Memory in bytes that the kube-scheduler counts for a pod: its containers and sidecars together, or
 * its largest init container with the sidecars before it, whichever is more; a request of the pod
 * itself instead; plus the overhead of its runtime class. A pod that ended takes nothing.
 */
export function memoryRequestBytes({ spec, status }: PodMemory): number {
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return 0;
  const own = requestBytes(spec);
  const request = own > 0 ? own : containersBytes(spec);
  return request + (parseQuantity(spec.overhead?.memory ?? "0") ?? 0);
}

function containersBytes({ containers = [], initContainers = [] }: PodMemory["spec"]): number {
  let sidecars = 0;
  let startMax = 0;
  for (const container of initContainers) {
    const bytes = requestBytes(container);
    if (container.restartPolicy === "Always") sidecars += bytes;
    startMax = Math.max(
      startMax,
      container.restartPolicy === "Always" ? sidecars : sidecars + bytes,
    );
  }
  const running = containers.reduce((sum, container) => sum + requestBytes(container), sidecars);
  return Math.max(running, startMax);
}

function requestBytes({ resources }: Pick<Container, "resources">): number {
  return parseQuantity(resources?.requests?.memory ?? "0") ?? 0;
}
