// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";

export const abandonServer = defineAct({
  name: "abandon-server",
  says: "an administrator deletes a server and gives up what hosts that do not answer hold of it",
  weight: 0.5,
  async strike({ people }, chance) {
    const server = chance.pick(await people.servers());
    if (server === undefined) return;
    await people.deleteServer(server);
    await people.abandon(server);
  },
});
