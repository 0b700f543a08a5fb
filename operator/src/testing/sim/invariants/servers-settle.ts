// SPDX-License-Identifier: Apache-2.0
import type { Server } from "../../../api/kinds.ts";
import { conditionOf } from "../../../core/lib/condition-set.ts";
import type { World } from "../world/world.ts";
import { defineInvariant } from "./invariant.ts";

/** Liveness: what the world shows, compared with what the spec asks for. */
export const serversSettle = defineInvariant({
  name: "servers-settle",
  says: "once faults stop every Server is as its spec asks, or says for good why not",
  watch: (world) => ({
    missing: async () => {
      for (const server of await world.people.servers()) {
        const fault = faultOf(server, world);
        if (fault !== undefined) {
          const { namespace, name } = server.metadata;
          return `Server ${namespace}/${name}: ${fault}`;
        }
      }
      return undefined;
    },
  }),
});

function faultOf(server: Server, world: World): string | undefined {
  const { metadata, status } = server;
  if (metadata.deletionTimestamp !== undefined) return "is still there although it was deleted";
  const ready = conditionOf(status?.conditions, "Ready");
  const saying = `${status?.phase} ${JSON.stringify(ready)}`;
  if (status?.observedGeneration !== metadata.generation) return `is not observed: ${saying}`;
  if (ready?.status === "True") return lieOf(server, world);
  const isUnderWay = ready?.status !== "False" || ready.reason === "Progressing";
  return isUnderWay ? `is under way: ${saying}` : undefined;
}

function lieOf({ metadata, spec }: Server, world: World): string | undefined {
  const running = executing(world, metadata.uid ?? "");
  const isAsAsked = running === (spec.powerState === "Running" ? 1 : 0);
  return isAsAsked ? undefined : `says that it is as desired, but executes ${running} times`;
}

function executing(world: World, uid: string): number {
  return world.nodes
    .flatMap((node) => node.guests())
    .filter(({ container }) => container.incarnation.serverUid === uid)
    .filter(({ guest }) => guest.status.state === "running").length;
}
