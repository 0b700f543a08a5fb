// SPDX-License-Identifier: Apache-2.0
import { kinds } from "../../../api/kinds.ts";
import { isOfLaterRelease } from "../../fake-kube-kinds.ts";
import type { ResourceObject } from "../../../ports/kube.ts";
import type { World } from "../world/world.ts";
import { defineInvariant } from "./invariant.ts";

type Parts = ResourceObject & { readonly spec?: object; readonly status?: object };

export const laterFactsKept = defineInvariant({
  name: "later-facts-kept",
  says: "what a later release wrote stays, whatever an operator or agent beside it knows of it",
  watch({ api, people }: World) {
    let fault: string | undefined;
    const seen = new Map<string, Set<string>>();
    api.onWrite(({ actor, verb, kind, key, object }) => {
      if (object === undefined || people.restores > 0) return;
      if (![kinds.server.kind, kinds.guest.kind, kinds.hypervisor.kind].includes(kind)) return;
      const facts = laterFacts(object as Parts);
      const before = seen.get(object.metadata.uid ?? "") ?? new Set();
      const lost = [...before].find((fact) => !facts.has(fact));
      seen.set(object.metadata.uid ?? "", facts);
      // Who applies a report says all of it anew: what it says no more is gone, and that is its own.
      const isOwn =
        verb === "apply" && lost?.includes(actor.startsWith("agent") ? "Agent" : "Operator");
      if (lost !== undefined && isOwn !== true) fault ??= `${actor} lost ${lost} of ${kind} ${key}`;
    });
    return { afterStep: () => fault };
  },
});

function laterFacts({ spec = {}, status = {} }: Parts): Set<string> {
  const of = (part: string, members: object): string[] =>
    Object.keys(members)
      .filter(isOfLaterRelease)
      .map((member) => `${part}.${member}`);
  return new Set([...of("spec", spec), ...of("status", status)]);
}
