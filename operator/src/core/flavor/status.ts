// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../api/conditions.ts";
import type { Flavor } from "../../api/kinds.ts";
import type { FlavorStatus } from "../../api/v1alpha1/flavor.ts";
import { contributionsOf } from "../guest/contributions.ts";
import { embeddedFlavorOf } from "../guest/source.ts";
import { conditionsOf, type Verdict } from "../lib/condition-set.ts";
import type { HostState } from "../scheduler/host-state.ts";
import { candidatesFor } from "../scheduler/schedule.ts";
import { flavorRequest, type RequestOrRefusal } from "../scheduler/server-request.ts";
import type { SchedulerSettings } from "../scheduler/settings.ts";

/** What servers of a flavor would be scheduled by. */
export interface FlavorWorld {
  readonly hosts: readonly HostState[];
  readonly settings: SchedulerSettings;
  /** Memory in MiB that a server takes beside its guest's. */
  readonly overheadMib: number;
}

/** What the status of a flavor says: whether servers can be made of it, and on how many hosts now. */
export function flavorStatusOf(
  flavor: Flavor,
  { hosts, settings, overheadMib }: FlavorWorld,
  now: string,
): FlavorStatus {
  const { metadata, status } = flavor;
  const asked = requestOf(flavor, overheadMib);
  const verdict: Verdict = asked.ok ? usable : { ...unusable, ...reasonOf(asked) };
  const { count, excluded } = asked.ok
    ? candidatesFor(asked.request, hosts, settings)
    : { count: 0, excluded: {} };
  return {
    observedGeneration: metadata.generation ?? 0,
    candidates: count,
    excluded,
    conditions: conditionsOf([verdict], status?.conditions, now),
  };
}

const usable: Verdict = {
  type: "Ready",
  status: "True",
  reason: "AsDesired",
  message: "servers can be made of it",
};
const unusable = { type: "Ready", status: "False" } as const;

const reasonOf = ({ reason, message }: Refusal) => ({ reason, message });

function requestOf(flavor: Flavor, overheadMib: number): RequestOrRefusal {
  const { isDisabled, extraSpecs } = flavor.spec;
  if (isDisabled) {
    const message = "the flavor is disabled: enable it for new servers";
    return { ok: false, reason: "FlavorDisabled", message };
  }
  const contributions = contributionsOf(extraSpecs);
  return contributions.ok ? flavorRequest(embeddedFlavorOf(flavor), overheadMib) : contributions;
}
