// SPDX-License-Identifier: Apache-2.0
import { kinds } from "../../../api/kinds.ts";
import { isOfLaterRelease } from "../../fake-kube-kinds.ts";
import type { ResourceObject } from "../../../ports/kube.ts";
import type { ApiWrite } from "../world/api.ts";
import type { World } from "../world/world.ts";
import { defineInvariant } from "./invariant.ts";

type Parts = ResourceObject & { readonly spec?: object; readonly status?: object };

const judged: readonly string[] = [kinds.server.kind, kinds.guest.kind, kinds.hypervisor.kind];

export const laterFactsKept = defineInvariant({
  name: "later-facts-kept",
  says: "what a later release wrote stays, whatever an operator or agent beside it knows of it",
  watch({ api, people }: World) {
    let fault: string | undefined;
    const seen = new Map<string | undefined, ReadonlySet<string>>();
    api.onWrite((write) => {
      const { kind, key, actor, object } = write;
      if (object === undefined || people.restores > 0 || !judged.includes(kind)) return;
      const { uid } = object.metadata;
      const facts = laterFacts(object);
      const lost = [...(seen.get(uid) ?? [])].find((fact) => !facts.has(fact));
      seen.set(uid, facts);
      if (lost === undefined || isOwn(lost, write)) return;
      fault ??= `${actor} lost ${lost} of ${kind} ${key}`;
    });
    return { afterStep: () => fault };
  },
});

/** Who applies a report says all of it anew: what it says no more is gone. */
function isOwn(fact: string, { verb, actor }: ApiWrite): boolean {
  const author = actor.startsWith("agent") ? "Agent" : "Operator";
  return verb === "apply" && fact.endsWith(author);
}

function laterFacts({ spec = {}, status = {} }: Parts): ReadonlySet<string> {
  return new Set([...laterIn("spec", spec), ...laterIn("status", status)]);
}

function laterIn(part: string, members: object): string[] {
  const later = Object.keys(members).filter(isOfLaterRelease);
  return later.map((member) => `${part}.${member}`);
}
