// SPDX-License-Identifier: Apache-2.0
import type { Server } from "../../../api/kinds.ts";
import type { ResourceObject } from "../../../ports/kube.ts";
import { userDataCanary } from "../world/people.ts";
import { defineInvariant } from "./invariant.ts";

/** Kinds whose readers are not those of Servers and pods. */
const kinds = ["Event", "Guest", "Hypervisor", "Lease", "Node", "PodDisruptionBudget"];

export const noSecrets = defineInvariant({
  name: "no-secrets",
  says: "what users hand to their guests is in no log line, event, status, label or internal object",
  watch({ api, onLog }) {
    let fault: string | undefined;
    api.onWrite(({ actor, kind, key, object }) => {
      if (object === undefined) return;
      const shown = kinds.includes(kind) ? object : partsForAll(object);
      if (holdsCanary(shown)) fault ??= `${actor} wrote user data into ${kind} ${key}`;
    });
    onLog((process, fields) => {
      if (holdsCanary(fields)) fault ??= `${process} logged user data`;
    });
    return { afterStep: () => fault };
  },
});

function partsForAll(object: ResourceObject): object {
  return { labels: object.metadata.labels, status: (object as Server).status };
}

function holdsCanary(value: unknown): boolean {
  return JSON.stringify(value).includes(userDataCanary);
}
