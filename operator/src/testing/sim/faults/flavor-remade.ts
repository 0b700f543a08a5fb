// SPDX-License-Identifier: Apache-2.0
import { resources } from "../../../ports/kube.ts";
import { defineFault } from "../happening.ts";
import { flavorNames } from "../world/people.ts";

export const flavorRemade = defineFault({
  name: "flavor-remade",
  says: "an administrator deletes a Flavor, and makes one of the same name later",
  weight: 1,
  async strike({ people, later }, chance) {
    const name = chance.pick(flavorNames) ?? "";
    await people.remove(resources.flavors, name);
    later(chance.whole(100, 60_000), () => void people.addFlavor(name));
  },
});
