// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const schedulerCrash = defineFault({
  name: "scheduler-crash",
  says: "the kube-scheduler is away for a while",
  weight: 1,
  strike({ scheduler, later }, chance) {
    scheduler.halt();
    later(chance.whole(2000, 60_000), () => scheduler.start());
  },
});
