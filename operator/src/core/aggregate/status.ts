// SPDX-License-Identifier: Apache-2.0
import type { HostAggregate } from "../../api/kinds.ts";
import type { HostAggregateStatus } from "../../api/v1alpha1/host-aggregate.ts";
import { conditionsOf, type Verdict } from "../lib/condition-set.ts";
import { selects } from "../lib/label-selector.ts";
import { describeList } from "../lib/list.ts";

/** A hypervisor, by name and the labels of its Node. */
export interface LabelledHost {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const hostsMax = 256;
const conflictsMax = 3;

/** What the status of an aggregate says of its hosts; `all` are the aggregates that there are. */
export function aggregateStatusOf(
  { metadata, spec, status }: HostAggregate,
  {
    all,
    hosts,
  }: { readonly all: readonly HostAggregate[]; readonly hosts: readonly LabelledHost[] },
  now: string,
): HostAggregateStatus {
  const mine = hosts
    .filter(({ labels }) => selects(spec.nodeSelector, labels))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const rivals = all.filter(
    (other) =>
      other.spec.availabilityZone !== undefined &&
      spec.availabilityZone !== undefined &&
      other.spec.availabilityZone !== spec.availabilityZone &&
      other.metadata.name < metadata.name,
  );
  return {
    observedGeneration: metadata.generation ?? 0,
    hostCount: mine.length,
    hosts: mine.slice(0, hostsMax).map(({ name }) => name),
    conditions: conditionsOf([zoneVerdict(mine, rivals)], status?.conditions, now),
  };
}

/** A host in two zones is in the one whose aggregate has the lesser name. Differs: Nova refuses it. */
function zoneVerdict(hosts: readonly LabelledHost[], rivals: readonly HostAggregate[]): Verdict {
  const conflicts = hosts.flatMap(({ name, labels }) => {
    const rival = rivals.find(({ spec }) => selects(spec.nodeSelector, labels));
    if (rival === undefined) return [];
    return [`${name} is in zone ${rival.spec.availabilityZone} by ${rival.metadata.name}`];
  });
  if (conflicts.length === 0) {
    const message = "what the aggregate says counts for all its hosts";
    return { type: "Ready", status: "True", reason: "AsDesired", message };
  }
  const more =
    conflicts.length > conflictsMax ? ` and ${conflicts.length - conflictsMax} more` : "";
  const message = `${describeList(conflicts.slice(0, conflictsMax))}${more}: change a selector`;
  return { type: "Ready", status: "False", reason: "ZoneConflict", message };
}
