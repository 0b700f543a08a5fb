// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";
import { flavorNames, groupName, namespaces, zones } from "../world/people.ts";
import { drawNetwork } from "./server-draws.ts";

/** Few names, so that servers of the same name follow each other. */
const namesMax = 4;

export const createServer = defineAct({
  name: "create-server",
  says: "a user makes a server",
  weight: 6,
  async strike({ people }, chance) {
    const namespace = chance.pick(namespaces) ?? "";
    const name = `web-${chance.whole(1, namesMax)}`;
    const labels = { app: chance.pick(["shop", "mail"]) ?? "shop" };
    await people.createServer(
      { namespace, name, labels },
      {
        flavor: chance.pick(flavorNames) ?? "",
        powerState: chance.isLucky(0.9) ? "Running" : "Stopped",
        onGuestShutdown: chance.isLucky(0.5) ? "Stop" : "Restart",
        onCrash: chance.isLucky(0.5) ? "Stop" : "Restart",
        ...drawNetwork(chance),
        ...(chance.isLucky(0.3) && { serverGroup: groupName }),
        ...(chance.isLucky(0.1) && { availabilityZone: chance.pick(zones) ?? "" }),
      },
    );
  },
});
