// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";

export const replaceServer = defineAct({
  name: "replace-server",
  says: "a user deletes a server while another makes one of the same name, as fast as both can",
  weight: 1,
  async strike({ people, later }, chance) {
    const server = chance.pick(await people.servers());
    if (server === undefined) return;
    const { namespace = "", name, labels = {} } = server.metadata;
    await people.deleteServer(server);
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      later(attempt * chance.whole(1, 6000), () => {
        void people.createServer({ namespace, name, labels }, server.spec);
      });
    }
  },
});
