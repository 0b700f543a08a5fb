// SPDX-License-Identifier: Apache-2.0
/** Questions for allocation candidates: one world a case, or many cases a world. */
import { z } from "zod";
import {
  type AllocationCandidate,
  keyOfCandidate,
} from "../../operator/src/core/placement/candidate.ts";
import type { CandidateRequest } from "../../operator/src/core/placement/candidate-request.ts";
import { allCandidates } from "../../operator/src/core/placement/candidates.ts";
import { ProviderWorld } from "../../operator/src/core/placement/provider.ts";
import { areCasesWith, judgeEach, type Verdict } from "./verdict.ts";
import { providerOf, providerSchema, type RecordedProvider } from "./world.ts";

const groupSchema = z.object({
  suffix: z.string(),
  use_same_provider: z.boolean(),
  resources: z.record(z.string(), z.number()),
  required: z.array(z.array(z.string())),
  forbidden: z.array(z.string()),
  member_of: z.array(z.array(z.string())),
  forbidden_aggs: z.array(z.string()),
  in_tree: z.string().nullable(),
});

const requestSchema = z.object({
  groups: z.array(groupSchema),
  group_policy: z.enum(["none", "isolate"]).nullable(),
  same_subtree: z.array(z.array(z.string())),
  root_required: z.array(z.string()),
  root_forbidden: z.array(z.string()),
  nested_aware: z.boolean().optional(),
});

const candidateSchema = z.object({
  allocations: z.array(z.object({ provider: z.string(), rc: z.string(), amount: z.number() })),
  mappings: z.record(z.string(), z.array(z.string())).optional(),
});

const answerSchema = z.object({
  status: z.number().optional(),
  use: z.string().optional(),
  limited: z.boolean().optional(),
  count: z.number().optional(),
  candidates: z.array(candidateSchema).optional(),
  full_candidates: z.array(candidateSchema).optional(),
  quirks: z.record(z.string(), z.unknown()).optional(),
});

const caseSchema = z.object({
  name: z.string(),
  tree: z.array(providerSchema).nullish(),
  request: z.unknown(),
  expected: z.unknown(),
});

type RecordedCandidate = z.output<typeof candidateSchema>;

const worldSchema = z.object({ tree: z.array(providerSchema), cases: z.array(z.unknown()) });

/** Reads `{cases}` with a request each, or `{worlds: [{tree, cases}]}`; undefined for other files. */
export function candidateVectors(file: Readonly<Record<string, unknown>>): Verdict[] | undefined {
  if (Array.isArray(file["worlds"])) {
    const worlds = z.array(worldSchema).parse(file["worlds"]);
    return worlds.flatMap(({ tree, cases }) =>
      judgeEach(cases, caseSchema, (one) => judge({ ...one, tree })),
    );
  }
  if (!areCasesWith(file["cases"], "request")) return undefined;
  return judgeEach(file["cases"], caseSchema, judge);
}

function judge(one: z.output<typeof caseSchema>): Verdict {
  const { name, tree } = one;
  const skip = (why: string): Verdict => ({ outcome: "skipped", name, why });
  if (tree === undefined || tree === null) return skip("HTTP parsing only: no world to search in");
  const answer = bindingAnswer(one.expected);
  const rule = skipRule(answer);
  if (rule !== undefined) return skip(rule);
  const request = requestSchema.parse(one.request);
  if (request.nested_aware === false && tree.some(({ parent }) => parent !== null)) {
    return skip("old microversion: candidates without nested providers");
  }
  const why = difference(answer, tree, requestOf(request));
  return why === undefined ? { outcome: "passed", name } : { outcome: "failed", name, why };
}

type Answer = z.output<typeof answerSchema>;

/** Where the real one is known to answer wrongly, its answer with the defect mended counts. */
function bindingAnswer(expected: unknown): Answer {
  const answer = answerSchema.parse(expected);
  const [kind, patch = ""] = answer.use?.split(".") ?? [];
  return kind === "quirks" ? answerSchema.parse(answer.quirks?.[patch]) : answer;
}

function skipRule({ use, status = 200, candidates }: Answer): string | undefined {
  if (use === "skip") return "the recorded cut is touched by a defect of Placement";
  if (status >= 500) return "Placement itself fails";
  return candidates === undefined ? "HTTP parsing only: refused before any search" : undefined;
}

function difference(
  answer: z.output<typeof answerSchema>,
  tree: readonly RecordedProvider[],
  request: CandidateRequest,
): string | undefined {
  const recorded = answer.full_candidates ?? answer.candidates ?? [];
  const hasMappings = recorded.some(({ mappings }) => mappings !== undefined);
  const keyOf = (candidate: AllocationCandidate): string =>
    keyOfCandidate(hasMappings ? candidate : { ...candidate, mappings: new Map() });
  const world = new ProviderWorld(tree.map(providerOf));
  const ours = new Set([...allCandidates(world, request)].map(keyOf));
  const theirs = new Set(recorded.map(candidateOf).map(keyOf));
  const missing = [...theirs].filter((key) => !ours.has(key));
  // An answer that was cut, without the whole one beside it, says only what is among the candidates.
  const isCut = answer.limited === true && answer.full_candidates === undefined;
  const extra = isCut ? [] : [...ours].filter((key) => !theirs.has(key));
  if (missing.length === 0 && extra.length === 0) return undefined;
  const first = missing[0] ?? extra[0] ?? "";
  return `${missing.length} missing, ${extra.length} too many, for example ${first}`;
}

function candidateOf({ allocations, mappings }: RecordedCandidate): AllocationCandidate {
  const byProvider = new Map<string, Record<string, number>>();
  for (const { provider, rc, amount } of allocations) {
    const resources = byProvider.get(provider) ?? {};
    resources[rc] = (resources[rc] ?? 0) + amount;
    byProvider.set(provider, resources);
  }
  return { root: "", allocations: byProvider, mappings: new Map(Object.entries(mappings ?? {})) };
}

function requestOf(recorded: z.output<typeof requestSchema>): CandidateRequest {
  return {
    groups: recorded.groups.map((group) => ({
      suffix: group.suffix,
      usesSameProvider: group.use_same_provider,
      resources: group.resources,
      required: group.required,
      forbidden: group.forbidden,
      memberOf: group.member_of,
      forbiddenAggregates: group.forbidden_aggs,
      ...(group.in_tree === null ? {} : { inTree: group.in_tree }),
    })),
    groupPolicy: recorded.group_policy ?? "none",
    sameSubtree: recorded.same_subtree,
    rootRequired: recorded.root_required,
    rootForbidden: recorded.root_forbidden,
  };
}
