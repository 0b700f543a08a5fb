// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";
import { flavorNames } from "../world/people.ts";

export const editServer = defineAct({
  name: "edit-server",
  says: "two users edit a server one right after the other",
  weight: 2,
  async strike({ people, later }, chance) {
    const server = chance.pick(await people.servers());
    if (server === undefined) return;
    const edits = [
      { flavor: chance.pick(flavorNames) ?? "" },
      { onCrash: chance.pick(["Stop", "Restart"] as const) ?? "Stop" },
      { powerState: chance.pick(["Stopped", "Running"] as const) ?? "Running" },
      { hostname: `host-${chance.whole(1, 9)}` },
      { flavor: "m1.absent" },
      { flavor: server.spec.flavor },
    ];
    await people.editServer(server, chance.pick(edits) ?? {});
    const second = chance.pick(edits) ?? {};
    later(chance.whole(0, 500), () => void people.editServer(server, second));
  },
});
