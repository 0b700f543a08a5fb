// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";
import { drawLabels, drawProbe } from "./server-draws.ts";

export const editMarks = defineAct({
  name: "edit-marks",
  says: "a user changes the labels of a server, or how it is probed",
  weight: 2,
  async strike({ people }, chance) {
    const server = chance.pick(await people.servers());
    if (server === undefined) return;
    if (chance.isLucky(0.5)) await people.relabelServer(server, drawLabels(chance));
    else await people.editServer(server, { readinessProbe: drawProbe(chance) });
  },
});
