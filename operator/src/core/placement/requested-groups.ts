// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import type { CandidateRequest, RequestGroup } from "./candidate-request.ts";

type Properties = Readonly<Record<string, string>>;

/** Traits that make a host better or worse without deciding. */
export interface SoftTraits {
  readonly preferred: readonly string[];
  readonly avoided: readonly string[];
}

/** What Placement is asked, and what is only wished for; or why nothing can be asked. */
export type RequestedGroups =
  | { readonly ok: true; readonly request: CandidateRequest; readonly traits: SoftTraits }
  | { readonly ok: false; readonly message: string };

/** A group while it is put together. */
interface Draft {
  readonly resources: Resources;
  readonly required: string[];
  readonly forbidden: string[];
}

const key = /^(resources|trait)([\w-]{0,64}):(.+)$/;

/**
 * The request for what a server takes anyway (`resources`), as the flavor's `resources:` and `trait:`
 * extra specs, with or without a group's suffix, and the image's `trait:` properties change it. An amount
 * of the unsuffixed group replaces what is taken anyway; 0 takes nothing. Source: nova-semantics 4.3.
 * Differs: traits may be preferred and avoided; they count for a host as a whole. Traits that an image
 * forbids are honoured.
 */
export function requestedGroups(
  resources: Readonly<Resources>,
  flavor: Properties,
  image: Properties = {},
): RequestedGroups {
  const drafts = new Map<string, Draft>([["", draft(resources)]]);
  const preferred = new Set<string>();
  const avoided = new Set<string>();
  for (const [name, value] of [...Object.entries(flavor), ...imageTraits(image)]) {
    const [, kind, suffix = "", subject = ""] = key.exec(name) ?? [];
    if (kind === undefined) continue;
    if (value === "preferred") preferred.add(subject);
    else if (value === "avoided") avoided.add(subject);
    else change(draftOf(drafts, suffix), kind, subject, value);
  }
  const groups = [...drafts].map(([suffix, one]) => groupOf(suffix, one)).filter(isAsking);
  const conflict = conflictOf(groups, flavor, { preferred, avoided });
  if (conflict !== undefined) return { ok: false, message: conflict };
  const groupPolicy = flavor["group_policy"] === "isolate" ? "isolate" : "none";
  return {
    ok: true,
    request: { groups, groupPolicy, sameSubtree: [], rootRequired: [], rootForbidden: [] },
    traits: { preferred: [...preferred], avoided: [...avoided] },
  };
}

function imageTraits(image: Properties): [string, string][] {
  return Object.entries(image).filter(([name]) => name.startsWith("trait:"));
}

const draft = (resources: Readonly<Resources>): Draft => ({
  resources: { ...resources },
  required: [],
  forbidden: [],
});

function draftOf(drafts: Map<string, Draft>, suffix: string): Draft {
  const known = drafts.get(suffix);
  if (known !== undefined) return known;
  const fresh = draft({});
  drafts.set(suffix, fresh);
  return fresh;
}

function change(group: Draft, kind: string, subject: string, value: string): void {
  if (kind === "resources") group.resources[subject] = Number(value);
  else if (value === "forbidden") group.forbidden.push(subject);
  else group.required.push(subject);
}

function groupOf(suffix: string, { resources, required, forbidden }: Draft): RequestGroup {
  const taken = Object.entries(resources).filter(([, amount]) => amount > 0);
  return {
    suffix,
    usesSameProvider: suffix !== "",
    resources: Object.fromEntries(taken),
    required: [...new Set(required)].map((trait) => [trait]),
    forbidden: [...new Set(forbidden)],
    memberOf: [],
    forbiddenAggregates: [],
  };
}

const isAsking = ({ suffix, resources, required, forbidden }: RequestGroup): boolean =>
  suffix === "" || Object.keys(resources).length + required.length + forbidden.length > 0;

function conflictOf(
  groups: readonly RequestGroup[],
  flavor: Properties,
  soft: Readonly<Record<"preferred" | "avoided", ReadonlySet<string>>>,
): string | undefined {
  const suffixed = groups.filter(({ usesSameProvider }) => usesSameProvider);
  if (suffixed.length > 1 && flavor["group_policy"] === undefined) {
    return "extra spec group_policy has to be set where two groups have a suffix";
  }
  const idle = suffixed.find(({ resources }) => Object.keys(resources).length === 0);
  if (idle !== undefined) return `group ${idle.suffix} has traits, but takes no resources`;
  for (const { required, forbidden } of groups) {
    const torn = required.flat().find((trait) => forbidden.includes(trait));
    if (torn !== undefined) return `trait ${torn} is both required and forbidden`;
  }
  const torn = [...soft.preferred].find((trait) => soft.avoided.has(trait));
  return torn === undefined ? undefined : `trait ${torn} is both preferred and avoided`;
}
