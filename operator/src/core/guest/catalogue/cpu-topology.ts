// SPDX-License-Identifier: Apache-2.0
type Properties = Readonly<Record<string, string>>;

const parts = ["sockets", "cores", "threads"] as const;
const partsMax = 65_536;

/** Sockets, cores and threads that somebody prefers; absent parts are left to the host. */
export type CpuTopology = Readonly<Partial<Record<(typeof parts)[number], number>>>;

/**
 * What the guest's topology shall be: the image's, if it says any of it, else the flavor's.
 * Source: nova-semantics 4.5.
 */
export function preferredCpuTopology(flavor: Properties, image: Properties): CpuTopology {
  const ofImage = topologyIn(image, "hw_cpu_");
  return Object.keys(ofImage).length > 0 ? ofImage : topologyIn(flavor, "hw:cpu_");
}

/** Why the image's topology is beyond what the flavor, and its own limits, allow. */
export function cpuTopologyConflict(flavor: Properties, image: Properties): string | undefined {
  for (const part of parts) {
    const flavorMax = numberIn(flavor, `hw:cpu_max_${part}`) ?? partsMax;
    const imageMax = numberIn(image, `hw_cpu_max_${part}`);
    if (imageMax !== undefined && imageMax > flavorMax) {
      return `property hw_cpu_max_${part} is ${imageMax}, but the flavor allows ${flavorMax}`;
    }
    const max = imageMax ?? flavorMax;
    const wanted = numberIn(image, `hw_cpu_${part}`);
    if (wanted !== undefined && wanted > max) {
      return `property hw_cpu_${part} is ${wanted}, but ${max} is allowed`;
    }
  }
  return undefined;
}

function topologyIn(properties: Properties, prefix: string): CpuTopology {
  const given = parts.flatMap((part) => {
    const count = numberIn(properties, prefix + part);
    return count === undefined ? [] : [[part, count] as const];
  });
  return Object.fromEntries(given);
}

function numberIn(properties: Properties, key: string): number | undefined {
  return properties[key] === undefined ? undefined : Number(properties[key]);
}
