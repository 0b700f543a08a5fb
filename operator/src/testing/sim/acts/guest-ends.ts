// SPDX-License-Identifier: Apache-2.0
import { defineAct } from "../happening.ts";

export const guestEnds = defineAct({
  name: "guest-ends",
  says: "a guest powers itself off, or reboots",
  weight: 3,
  strike({ nodes }, chance) {
    const running = nodes
      .flatMap((node) => node.guests())
      .filter(({ guest }) => guest.status.state === "running");
    const guest = chance.pick(running)?.guest;
    if (chance.isLucky(0.7)) guest?.powerOff();
    else guest?.reboot();
  },
});
