// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const schedulerCrash = defineFault({
  name: "scheduler-crash",
  says: "the kube-scheduler is away for a while",
  weight: 1,
  strike({ scheduler, timeline }, chance) {
    scheduler.halt();
    timeline.after(chance.whole(2000, 60_000), () => scheduler.start());
  },
});
