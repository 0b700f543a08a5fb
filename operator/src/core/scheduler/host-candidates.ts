// SPDX-License-Identifier: Apache-2.0
import type { AllocationCandidate } from "../placement/candidate.ts";
import type { CandidateRequest, RequestGroup } from "../placement/candidate-request.ts";
import { CandidateSearch } from "../placement/candidates.ts";
import { ProviderWorld, type ResourceProvider } from "../placement/provider.ts";
import type { HostState } from "./host-state.ts";

/**
 * Whether where on the host something is taken makes a difference: else what all groups take together
 * is all that counts.
 */
export function isSpread({ groups }: CandidateRequest, { providers = [] }: HostState): boolean {
  return providers.length > 0 || groups.some(({ usesSameProvider }) => usesSameProvider);
}

/** The first way in which the host can give what is asked for; undefined when there is none. */
export function candidateOn(
  host: HostState,
  request: CandidateRequest,
): AllocationCandidate | undefined {
  const world = new ProviderWorld([rootOf(host), ...(host.providers ?? [])]);
  return new CandidateSearch(world, request).first(host.name, 1)[0];
}

/** Why there is none, as the predicate of a sentence about the host. */
export function missingOn(host: HostState, request: CandidateRequest): string {
  const lone = request.groups.find(
    (group) => candidateOn(host, { ...request, groups: [group], sameSubtree: [] }) === undefined,
  );
  return lone === undefined
    ? "lacks room for all groups of resources at once"
    : `lacks ${describeGroup(lone)} in one place`;
}

/** For example `1 VGPU with CUSTOM_QUICK`. */
function describeGroup({ resources, required, forbidden }: RequestGroup): string {
  const amounts = Object.entries(resources).map(([name, amount]) => `${amount} ${name}`);
  const traits = [...required.flat(), ...forbidden.map((name) => `no ${name}`)];
  return [amounts.join(" and "), ...traits.slice(0, 1)].join(" with ");
}

function rootOf({ name, inventory = {}, used, traits = new Set() }: HostState): ResourceProvider {
  return { uuid: name, root: name, inventories: inventory, used, traits, aggregates: new Set() };
}
