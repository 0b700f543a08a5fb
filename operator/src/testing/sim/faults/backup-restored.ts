// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";
import type { Chance } from "../world/streams.ts";
import type { World } from "../world/world.ts";

/**
 * The rule "old backup": a backup is at least this old when the API server answers from it, as the steps of
 * a restore take longer. Within it, every Lease that is held was renewed.
 */
const ageMsMin = 15_000;
/** The API servers are stopped before, and started after. */
const awayMs = [1000, 15_000] as const;

/** What the operator and the agents write when a guest comes to be: a backup from just before forgets it. */
const births = ["kube.updateStatus Server", "kube.create Guest", "kube.updateStatus Guest"];

export const backupRestored = defineFault({
  name: "backup-restored",
  says: "the API server goes back to a backup that was made a while ago, often just before a birth",
  weight: 1,
  strike(world, chance) {
    const delayMs = chance.whole(ageMsMin, 90_000);
    const downMs = chance.whole(...awayMs);
    const birth = chance.isLucky(0.3) ? undefined : chance.pick(births);
    const backUp = (): void => restoreLater(world, chance, { delayMs, downMs });
    if (birth === undefined) return backUp();
    world.ambushes.lay(({ call, when }) => {
      if (call !== birth || when !== "before") return false;
      backUp();
      return true;
    });
  },
});

function restoreLater(
  { later, trace, nodes, scheduler, api, timeline, lookAnew }: World,
  chance: Chance,
  { delayMs, downMs }: { readonly delayMs: number; readonly downMs: number },
): void {
  const backup = api.kube.backup();
  trace.add("story", "a backup is made");
  const dueMs = timeline.nowMs + delayMs;
  later(delayMs, () => {
    // The story was over before.
    if (timeline.nowMs < dueMs) return;
    trace.add("story", "the backup is restored");
    api.kube.restore(backup);
    api.isAway = true;
    later(downMs, () => {
      api.isAway = false;
    });
    void lookAnew();
    // As the manual of Kubernetes says: what keeps state in memory is started anew.
    for (const each of [scheduler, ...nodes.map(({ kubelet }) => kubelet)]) {
      later(chance.whole(100, 5000), () => each.kill());
    }
  });
}
