// SPDX-License-Identifier: Apache-2.0
import type { Moment, SimProcess } from "../world/process.ts";
import type { Chance } from "../world/streams.ts";
import type { Supervisor } from "../world/supervisor.ts";
import type { World } from "../world/world.ts";

/** Calls that leave something behind: the moments around them are the worst. */
const effects =
  /^(kube\.(create|update|updateStatus|apply|patch|delete) (?!Lease|Event)|libvirt\.(create|destroy|resume|suspend|shutdown)|guestFiles\.|disks\.createRootDisk|released\.|mounts\.|nodeFiles\.|images\.fetch|networks\.setUp|runtime\.writeLeases)/;
const callsMax = 40;
const patienceMs = 180_000;

/** Lies in wait for one of the next effects of a process, before it or right after it. */
export function ambush(
  world: World,
  chance: Chance,
  { of, strike }: { readonly of: Supervisor; readonly strike: (process: SimProcess) => void },
): void {
  const when: Moment["when"] = chance.isLucky(0.5) ? "before" : "after";
  let callsLeft = chance.whole(1, callsMax);
  const end = world.ambushes.lay((moment) => {
    if (moment.process !== of.process || moment.when !== when) return false;
    if (!effects.test(moment.call)) return false;
    callsLeft -= 1;
    if (callsLeft > 0) return false;
    world.trace.add("story", `${when} ${moment.call} of ${moment.process.name}`);
    strike(moment.process);
    return true;
  });
  world.timeline.after(patienceMs, end);
}

/** The agents and operators of a world. */
export function shells({ nodes, operators }: World): Supervisor[] {
  return [...nodes.map(({ agent }) => agent), ...operators.map(({ supervisor }) => supervisor)];
}
