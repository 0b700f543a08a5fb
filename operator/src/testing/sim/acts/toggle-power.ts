// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";

export const togglePower = defineAct({
  name: "toggle-power",
  says: "a user stops a server, or starts one",
  weight: 5,
  async strike({ people }, chance) {
    const server = chance.pick(await people.servers());
    if (server === undefined) return;
    const powerState = server.spec.powerState === "Running" ? "Stopped" : "Running";
    await people.editServer(server, { powerState });
  },
});
