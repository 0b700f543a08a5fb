// SPDX-License-Identifier: Apache-2.0
/** One filter, one host and one request a case; and operators of extra specs. */
import { z } from "zod";
import { type Filter, testOf } from "../../operator/src/core/scheduler/filter.ts";
import { addressBits } from "../../operator/src/core/scheduler/filters/address-bits.ts";
import { aggregateExtraSpecs } from "../../operator/src/core/scheduler/filters/aggregate-extra-specs.ts";
import { aggregateFlavors } from "../../operator/src/core/scheduler/filters/aggregate-flavors.ts";
import { aggregateImages } from "../../operator/src/core/scheduler/filters/aggregate-images.ts";
import { aggregateTenants } from "../../operator/src/core/scheduler/filters/aggregate-tenants.ts";
import { capabilities } from "../../operator/src/core/scheduler/filters/capabilities.ts";
import { compute } from "../../operator/src/core/scheduler/filters/compute.ts";
import { devices } from "../../operator/src/core/scheduler/filters/devices.ts";
import { differentHost } from "../../operator/src/core/scheduler/filters/different-host.ts";
import { groupAffinity } from "../../operator/src/core/scheduler/filters/group-affinity.ts";
import { groupAntiAffinity } from "../../operator/src/core/scheduler/filters/group-anti-affinity.ts";
import { hostNetwork } from "../../operator/src/core/scheduler/filters/host-network.ts";
import { imageProperties } from "../../operator/src/core/scheduler/filters/image-properties.ts";
import { ioOperations } from "../../operator/src/core/scheduler/filters/io-operations.ts";
import { isolatedHosts } from "../../operator/src/core/scheduler/filters/isolated-hosts.ts";
import { metrics } from "../../operator/src/core/scheduler/filters/metrics.ts";
import { numaTopology } from "../../operator/src/core/scheduler/filters/numa-topology.ts";
import { sameHost } from "../../operator/src/core/scheduler/filters/same-host.ts";
import { serverCount } from "../../operator/src/core/scheduler/filters/server-count.ts";
import { matchesSpec } from "../../operator/src/core/scheduler/spec-operators.ts";
import { configSchema, settingsOf } from "./nova-config.ts";
import { hostOf, hostSchema, requestOf, specSchema } from "./nova-host.ts";
import { areCasesWith, judgeEach, type Verdict } from "./verdict.ts";

/** Which of ours stand for which of Nova's. Those that look at aggregates as well are named apart there. */
const counterparts: Readonly<Record<string, readonly Filter[]>> = {
  AggregateImagePropertiesIsolation: [aggregateImages],
  AggregateInstanceExtraSpecsFilter: [aggregateExtraSpecs],
  AggregateIoOpsFilter: [ioOperations],
  AggregateMultiTenancyIsolation: [aggregateTenants],
  AggregateNumInstancesFilter: [serverCount],
  AggregateTypeAffinityFilter: [aggregateFlavors],
  ComputeCapabilitiesFilter: [capabilities, addressBits],
  ComputeFilter: [compute],
  DifferentHostFilter: [differentHost],
  ImagePropertiesFilter: [imageProperties],
  IoOpsFilter: [ioOperations],
  IsolatedHostsFilter: [isolatedHosts],
  MetricsFilter: [metrics],
  NUMATopologyFilter: [numaTopology],
  NumInstancesFilter: [serverCount],
  PciPassthroughFilter: [devices],
  SameHostFilter: [sameHost],
  ServerGroupAffinityFilter: [groupAffinity],
  ServerGroupAntiAffinityFilter: [groupAntiAffinity],
  SimpleCIDRAffinityFilter: [hostNetwork],
};

const withoutAggregates = new Set(["IoOpsFilter", "NumInstancesFilter"]);

const caseSchema = z.object({
  name: z.string(),
  filter: z.string(),
  config: configSchema,
  host: hostSchema,
  spec: specSchema,
  /** Without a verdict where the real one ends with an exception. */
  expected: z.object({ passes: z.boolean().optional() }),
});

const operatorSchema = z.object({
  value: z.string().nullable(),
  req: z.string(),
  /** What the real one ends with an exception matches nothing here. */
  expected: z.object({ match: z.boolean().default(false) }),
});

/** Reads `{cases}` with a filter each, with or without `extra_specs_ops`; undefined for other files. */
export function filterVectors(file: Readonly<Record<string, unknown>>): Verdict[] | undefined {
  if (!areCasesWith(file["cases"], "filter")) return undefined;
  const operators = z.array(operatorSchema).parse(file["extra_specs_ops"] ?? []);
  return [...judgeEach(file["cases"], caseSchema, judge), ...operators.map(judgeOperator)];
}

function judge({
  name,
  filter,
  config,
  host,
  spec,
  expected,
}: z.output<typeof caseSchema>): Verdict {
  const ours = counterparts[filter];
  if (ours === undefined) {
    return { outcome: "skipped", name, why: `${filter}: replaced by the label selector of a hint` };
  }
  if (filter === "NUMATopologyFilter" && (spec.pci_requests ?? []).length > 0) {
    return { outcome: "skipped", name, why: "devices near NUMA cells: not looked for yet" };
  }
  const state = hostOf(withoutAggregates.has(filter) ? { ...host, aggregates: [] } : host);
  const request = requestOf(spec, [host]);
  const verdict = testOf(ours, request, settingsOf(config))(state);
  const isExpected = (verdict === true) === (expected.passes ?? verdict === true);
  if (isExpected) return { outcome: "passed", name };
  return { outcome: "failed", name, why: `says ${verdict} for ${expected.passes}` };
}

function judgeOperator({ value, req, expected }: z.output<typeof operatorSchema>): Verdict {
  const name = `${JSON.stringify(value)} ${req}`;
  const isMatch = matchesSpec(value ?? undefined, req);
  if (isMatch === expected.match) return { outcome: "passed", name };
  return { outcome: "failed", name, why: `says ${isMatch} for ${expected.match}` };
}
