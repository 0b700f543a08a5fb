// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { mapOf, setOf, text } from "../bounded.ts";
import { conditionsSchema, defineKind, observedGeneration } from "../define-kind.ts";
import { labelSelectorSchema } from "../label-selector.ts";
import { traitName, zoneName } from "../scheduling-names.ts";

export const hostAggregateSpecSchema = z.strictObject({
  nodeSelector: labelSelectorSchema.describe(
    "Hypervisors whose Nodes have these labels are in the aggregate; {} takes all.",
  ),
  availabilityZone: zoneName
    .optional()
    .describe("The availability zone of its hosts; counts before their Nodes' zone label."),
  metadata: mapOf(text(1, 255), text(0, 255), 128)
    .optional()
    .describe(
      "What filters and weighers read, by Nova's keys: instance_type and filter_tenant_id… (flavors and namespaces that its hosts are kept for), image properties, trait:X=required, …_weight_multiplier, max_instances_per_host, and what aggregate_instance_extra_specs: of flavors ask for. Several values are separated by commas.",
    ),
  traits: setOf(traitName, 64).optional().describe("Traits that its hosts have beside their own."),
});

export type HostAggregateSpec = z.output<typeof hostAggregateSpecSchema>;

export const hostAggregateStatusSchema = z.strictObject({
  observedGeneration: observedGeneration.optional(),
  hostCount: z.int().min(0).max(1_000_000).optional().describe("Hypervisors that are in it."),
  hosts: setOf(text(0, 253), 256).optional().describe("The first of them, by name."),
  conditions: conditionsSchema.optional(),
});

export type HostAggregateStatus = z.output<typeof hostAggregateStatusSchema>;

export const hostAggregate = defineKind({
  kind: "HostAggregate",
  plural: "hostaggregates",
  shortNames: ["agg"],
  scope: "Cluster",
  description:
    "Hypervisors with something in common, found by the labels of their Nodes: an availability zone, traits, whom they are kept for, how they are weighed.",
  spec: hostAggregateSpecSchema,
  status: hostAggregateStatusSchema,
  rules: [
    {
      cel: "!has(self.metadata) || !('availability_zone' in self.metadata)",
      message: "metadata: set spec.availabilityZone instead of the key availability_zone",
      holds: (self) => self.metadata?.["availability_zone"] === undefined,
    },
    {
      cel:
        "!has(self.nodeSelector.matchExpressions) || self.nodeSelector.matchExpressions.all(e, " +
        "(e.operator in ['In', 'NotIn']) == has(e.values))",
      message:
        "nodeSelector.matchExpressions: give values with In and NotIn, and none with Exists and DoesNotExist",
      holds: ({ nodeSelector: { matchExpressions = [] } }) =>
        matchExpressions.every(
          ({ operator, values }) =>
            (operator === "In" || operator === "NotIn") === (values !== undefined),
        ),
    },
  ],
  columns: [
    {
      name: "ZONE",
      type: "string",
      jsonPath: ".spec.availabilityZone",
      description: "Availability zone.",
    },
    {
      name: "HOSTS",
      type: "integer",
      jsonPath: ".status.hostCount",
      description: "Hypervisors that are in it.",
    },
    {
      name: "READY",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: "Whether it is in effect for all of them.",
    },
    { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Age." },
  ],
  selectableFields: [],
});
