// SPDX-License-Identifier: Apache-2.0
import type { ThreadPolicy } from "./guest-topology.ts";
import type { HostCell } from "./host-cell.ts";

/**
 * As many free dedicated CPUs of the host's cell as are asked for, by the policy for threads: `isolate`
 * takes none of a cell whose cores have threads, `require` takes threads of one core together, and
 * everything else takes cores as full as it can. The policy holds for a cell that takes none as well.
 * Undefined when there are not enough.
 * Source: nova-semantics 4.3.
 */
export function pinnedCpus(
  host: HostCell,
  count: number,
  policy: ThreadPolicy = "prefer",
): readonly number[] | undefined {
  const hasThreads = host.siblings.some((core) => core.length > 1);
  if (policy === "isolate" && hasThreads) return undefined;
  const isFree = (cpu: number): boolean =>
    host.dedicatedCpus.includes(cpu) && !host.pinnedCpus.has(cpu);
  const cores = host.siblings.map((core) => core.filter(isFree));
  const widest = Math.max(0, ...cores.map((core) => core.length));
  for (let width = widest; width > 1; width -= 1) {
    const wide = cores.filter((core) => core.length >= width);
    const cpus = wide.flatMap((core) => core.slice(0, width)).slice(0, count);
    if (cpus.length === count) return cpus;
  }
  const rest = cores.flat().slice(0, count);
  return policy !== "require" && rest.length === count ? rest : undefined;
}
