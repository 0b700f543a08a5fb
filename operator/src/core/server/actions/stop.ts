// SPDX-License-Identifier: Apache-2.0
import { defineAction } from "../action.ts";

/** Shuts the guest down; it keeps its host, its claim and its disk. Source: nova-semantics 1.3. */
export const stop = defineAction({
  verb: "stop",
  // Differs: Nova refuses to stop a server that is being built, and one that stopped by itself is stopped.
  allowedFrom: ["active", "building", "stopped"],
  isDue: ({ server, guest }) =>
    server.spec.powerState === "Stopped" && guest?.spec.runState === "Running",
  plan: ({ guest }) =>
    guest === undefined
      ? {}
      : { steps: [{ kind: "PatchGuest", guest, spec: { runState: "Stopped" } }] },
});
