// SPDX-License-Identifier: Apache-2.0
import type { HostAggregate } from "../../api/kinds.ts";
import type { HostAggregateStatus } from "../../api/v1alpha1/host-aggregate.ts";
import { conditionsOf, type Verdict } from "../lib/condition-set.ts";
import { selects } from "../lib/label-selector.ts";
import { describeFirst } from "../lib/list.ts";

/** A hypervisor, by name and the labels of its Node. */
export interface LabelledHost {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Servers there that are pinned to a zone. */
  readonly pinned: readonly PinnedServer[];
}

/** A Server by its namespace and name, and the zone that it is pinned to. */
export interface PinnedServer {
  readonly key: string;
  readonly zone: string;
}

const hostsMax = 256;
const namedMax = 3;

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
  const verdict =
    conflictVerdict(mine, rivals) ?? pinnedVerdict(spec.availabilityZone, mine) ?? inEffect;
  return {
    observedGeneration: metadata.generation ?? 0,
    hostCount: mine.length,
    hosts: mine.slice(0, hostsMax).map(({ name }) => name),
    conditions: conditionsOf([verdict], status?.conditions, now),
  };
}

const inEffect: Verdict = {
  type: "Ready",
  status: "True",
  reason: "AsDesired",
  message: "what the aggregate says counts for all its hosts",
};

/** A host in two zones is in the one whose aggregate has the lesser name. Differs: Nova refuses it. */
function conflictVerdict(
  hosts: readonly LabelledHost[],
  rivals: readonly HostAggregate[],
): Verdict | undefined {
  const conflicts = hosts.flatMap(({ name, labels }) => {
    const rival = rivals.find(({ spec }) => selects(spec.nodeSelector, labels));
    if (rival === undefined) return [];
    return [`${name} is in zone ${rival.spec.availabilityZone} by ${rival.metadata.name}`];
  });
  if (conflicts.length === 0) return undefined;
  const message = `${describeFirst(conflicts, namedMax)}: change a selector`;
  return { type: "Ready", status: "False", reason: "ZoneConflict", message };
}

/** Servers keep the zone that they are pinned to. Differs: Nova refuses to move their host elsewhere. */
function pinnedVerdict(
  zone: string | undefined,
  hosts: readonly LabelledHost[],
): Verdict | undefined {
  if (zone === undefined) return undefined;
  const strangers = hosts.flatMap(({ name, pinned }) =>
    pinned
      .filter((server) => server.zone !== zone)
      .map((server) => `${server.key} on ${name} is pinned to zone ${server.zone}`),
  );
  if (strangers.length === 0) return undefined;
  const message = `${describeFirst(strangers.toSorted(), namedMax)}: bring the host back into that zone, or ask for zone ${zone} in the server`;
  return { type: "Ready", status: "False", reason: "ServersPinnedElsewhere", message };
}
