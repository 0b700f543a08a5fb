// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const partition = defineFault({
  name: "partition",
  says: "a node or an operator is cut off from the API server, and lives on",
  weight: 4,
  strike({ nodes, operators, later, trace }, chance) {
    const victim = chance.pick([...nodes, ...operators]);
    if (victim === undefined) return;
    trace.add("story", `cut off: ${"name" in victim ? victim.name : victim.supervisor.name}`);
    victim.link.cut();
    later(chance.whole(2000, 150_000), () => victim.link.heal());
  },
});
