// SPDX-License-Identifier: Apache-2.0
import type { Filter } from "../filter.ts";
import { addressBits } from "./address-bits.ts";
import { aggregateExtraSpecs } from "./aggregate-extra-specs.ts";
import { aggregateFlavors } from "./aggregate-flavors.ts";
import { aggregateImages } from "./aggregate-images.ts";
import { aggregateTenants } from "./aggregate-tenants.ts";
import { aggregateTraits } from "./aggregate-traits.ts";
import { availabilityZone } from "./availability-zone.ts";
import { capabilities } from "./capabilities.ts";
import { capacity } from "./capacity.ts";
import { compute } from "./compute.ts";
import { devices } from "./devices.ts";
import { differentHost } from "./different-host.ts";
import { groupAffinity } from "./group-affinity.ts";
import { groupAntiAffinity } from "./group-anti-affinity.ts";
import { hostNetwork } from "./host-network.ts";
import { hostTraits } from "./host-traits.ts";
import { imageProperties } from "./image-properties.ts";
import { ioOperations } from "./io-operations.ts";
import { isolatedHosts } from "./isolated-hosts.ts";
import { metrics } from "./metrics.ts";
import { nodeSelector } from "./node-selector.ts";
import { numaTopology } from "./numa-topology.ts";
import { placementGroups } from "./placement-groups.ts";
import { retry } from "./retry.ts";
import { sameHost } from "./same-host.ts";
import { serverCount } from "./server-count.ts";

/** Every filter, in the order in which a host has to pass; the first that it fails names the cause. */
export const filters: readonly Filter[] = [
  compute,
  retry,
  availabilityZone,
  capacity,
  hostTraits,
  placementGroups,
  devices,
  capabilities,
  addressBits,
  imageProperties,
  aggregateExtraSpecs,
  aggregateFlavors,
  aggregateImages,
  aggregateTenants,
  aggregateTraits,
  isolatedHosts,
  differentHost,
  sameHost,
  hostNetwork,
  nodeSelector,
  groupAffinity,
  groupAntiAffinity,
  serverCount,
  ioOperations,
  metrics,
  numaTopology,
];
