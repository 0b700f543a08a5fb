// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

/**
 * The rule "old backup": a backup is at least this old when the API server answers from it, as the steps of
 * a restore take longer. Within it, every Lease that is held was renewed.
 */
const ageMsMin = 15_000;
/** The API servers are stopped before, and started after. */
const awayMs = [1000, 15_000] as const;

export const backupRestored = defineFault({
  name: "backup-restored",
  says: "the API server goes back to a backup that was made a while ago",
  weight: 1,
  strike(world, chance) {
    const { later, trace, nodes, scheduler } = world;
    const { kube } = world.api;
    const backup = kube.backup();
    trace.add("story", "a backup is made");
    const delayMs = chance.whole(ageMsMin, 90_000);
    const dueMs = world.timeline.nowMs + delayMs;
    later(delayMs, () => {
      // The story was over before.
      if (world.timeline.nowMs < dueMs) return;
      trace.add("story", "the backup is restored");
      kube.restore(backup);
      world.api.isAway = true;
      later(chance.whole(...awayMs), () => {
        world.api.isAway = false;
      });
      void world.lookAnew();
      // As the manual of Kubernetes says: what keeps state in memory is started anew.
      for (const each of [scheduler, ...nodes.map(({ kubelet }) => kubelet)]) {
        later(chance.whole(100, 5000), () => each.kill());
      }
    });
  },
});
