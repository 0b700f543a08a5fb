// SPDX-License-Identifier: Apache-2.0
import { zoneOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

export const availabilityZone = defineFilter({
  name: "availability-zone",
  source: "map_az_to_placement_aggregate",
  about: "The host is in the zone that was asked for.",
  differs: "a zone that no aggregate names holds no host.",
  asks: ({ zone }) => zone,
  testFor: (zone) => (host) => zoneOf(host) === zone || `is not in zone ${zone}`,
});
