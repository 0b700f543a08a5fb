// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

export const agentCrash = defineFault({
  name: "agent-crash",
  says: "an agent is killed, and started again",
  weight: 3,
  strike: ({ nodes }, chance) => chance.pick(nodes)?.agent.kill(),
});
