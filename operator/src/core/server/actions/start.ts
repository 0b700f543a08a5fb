// SPDX-License-Identifier: Apache-2.0
import { defineAction } from "../action.ts";
import { powerOn } from "../power-on.ts";

/** Powers a stopped server on, as a new boot with the same disk. Source: nova-semantics 1.3. */
export const start = defineAction({
  verb: "start",
  // Differs: one that was made to be off, or whose build failed, may be started as well.
  allowedFrom: ["stopped", "building"],
  isDue: ({ server, guest }) =>
    server.spec.powerState === "Running" && guest?.spec.runState === "Stopped",
  plan: powerOn,
});
