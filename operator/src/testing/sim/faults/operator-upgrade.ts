// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const operatorUpgrade = defineFault({
  name: "operator-upgrade",
  says: "replicas are replaced by a release that knows more, or less, one after the other",
  weight: 2,
  strike({ operators, later, trace }, chance) {
    const guestImage = `registry.example.org/guest:${chance.whole(2, 9)}`;
    const isLater = chance.isLucky(0.6);
    let afterMs = 0;
    for (const replica of operators) {
      afterMs += chance.whole(500, 20_000);
      later(afterMs, () => {
        trace.add("story", `${replica.supervisor.name} is replaced by release ${guestImage}`);
        replica.guestImage = guestImage;
        replica.isLater = isLater;
        replica.supervisor.retire();
        later(chance.whole(500, 10_000), () => replica.supervisor.start());
      });
    }
  },
});
