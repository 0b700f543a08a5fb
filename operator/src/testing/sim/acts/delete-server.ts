// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";

export const deleteServer = defineAct({
  name: "delete-server",
  says: "a user deletes a server",
  weight: 3,
  async strike({ people }, chance) {
    const server = chance.pick(await people.servers());
    if (server !== undefined) await people.deleteServer(server);
  },
});
