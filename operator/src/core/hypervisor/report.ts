// SPDX-License-Identifier: Apache-2.0
import {
  type HypervisorSpec,
  type HypervisorStatus,
  hypervisorStatusSchema,
} from "../../api/v1alpha1/hypervisor.ts";
import { conditionOf, conditionsOf } from "../lib/condition-set.ts";
import { isEqual } from "../lib/equal.ts";
import type { DomainCapabilities } from "./domain-capabilities.ts";
import type { NodeFacts } from "./facts.ts";
import { inventoriesOf } from "./inventory.ts";
import { traitsOf } from "./traits.ts";
import type { VirtType, VirtTypeVerdict } from "./virt-type.ts";

/** The members of Hypervisor.status that the node's agent owns. */
export type AgentReport = Omit<HypervisorStatus, "state" | "usage" | "identity">;

/** What the node is known to be at one moment. */
export interface HypervisorObservation {
  readonly spec: HypervisorSpec;
  readonly generation: number;
  readonly uuid: string;
  readonly nodeUid: string;
  readonly facts: NodeFacts;
  readonly versions: NonNullable<HypervisorStatus["versions"]>;
  readonly verdict: VirtTypeVerdict;
  /** Of the virtualization type that is proven. */
  readonly capabilities: DomainCapabilities;
  readonly allocatableBytes: number;
  readonly otherPodsBytes: number;
  readonly orphans: NonNullable<HypervisorStatus["orphans"]>;
  /** When it was observed. */
  readonly now: string;
}

/**
 * What the agent says of its host. Without a proven virtualization type there is neither inventory nor
 * a trait: no server is scheduled to a host that could not run it.
 */
export function reportOf(
  observation: HypervisorObservation,
  previous: HypervisorStatus | undefined,
): AgentReport {
  const { facts, verdict } = observation;
  const isProven = verdict.virtType !== undefined;
  const { reason, message } = verdict;
  const { arch, model, vendor, cpus } = facts.cpu;
  return {
    observedGeneration: observation.generation,
    uuid: observation.uuid,
    nodeUid: observation.nodeUid,
    bootId: facts.bootId,
    versions: observation.versions,
    cpu: { arch, model, vendor, cpus },
    numaCells: facts.numaCells,
    memoryMib: facts.memoryMib,
    diskGib: facts.diskGib,
    orphans: observation.orphans,
    conditions: conditionsOf(
      [{ type: "VirtTypeProven", status: isProven ? "True" : "False", reason, message }],
      previous?.conditions,
      observation.now,
    ),
    ...(verdict.virtType !== undefined && offer(observation, verdict.virtType)),
  };
}

function offer(
  observation: HypervisorObservation,
  virtType: VirtType,
): Pick<HypervisorStatus, "virtType" | "inventory" | "traits"> {
  const { facts, spec, capabilities, allocatableBytes, otherPodsBytes } = observation;
  const host = {
    cpus: facts.cpu.cpus,
    diskGib: facts.diskGib,
    allocatableBytes,
    otherPodsBytes,
  };
  return {
    virtType,
    inventory: inventoriesOf(host, spec),
    traits: withProvided(traitsOf({ cpu: facts.cpu, virtType, capabilities }), spec.provider),
  };
}

function withProvided(found: readonly string[], provider: HypervisorSpec["provider"]): string[] {
  return [...new Set([...found, ...(provider?.traits ?? [])])].toSorted();
}

const reported = new Set(
  Object.keys(hypervisorStatusSchema.omit({ state: true, usage: true, identity: true }).shape),
);

/** Whether the object's status says something else than the report: only then it is written. */
export function isReportDue(report: AgentReport, status: HypervisorStatus | undefined): boolean {
  if (status === undefined) return true;
  const own = conditionOf(status.conditions, "VirtTypeProven");
  const known = { ...status, conditions: own === undefined ? [] : [own] };
  // Members that this release does not know are an operator's of a later one.
  const said = Object.entries(known).filter(([name]) => reported.has(name));
  return !isEqual(report, Object.fromEntries(said));
}
