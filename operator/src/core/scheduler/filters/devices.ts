// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";
import type { DevicePool } from "../host-state.ts";
import type { DeviceRequest } from "../request.ts";

export const devices = defineFilter({
  name: "devices",
  source: "PciPassthroughFilter",
  about: "The host has the devices that are asked for, all of them at once.",
  differs: "no host reports devices yet: what asks for them finds none.",
  asks: ({ devices: requests = [] }) => (requests.length === 0 ? undefined : requests),
  testFor: (requests) => (host) => {
    const free = (host.devices ?? []).map((pool) => ({ ...pool }));
    const hasAll = requests.every((request) => take(free, request));
    return hasAll || "has too few of the devices that are asked for";
  },
});

type Free = { -readonly [Key in keyof DevicePool]: DevicePool[Key] };

/** Takes a request's devices from the pools that fit, the first first. */
function take(pools: readonly Free[], { count, anyOf }: DeviceRequest): boolean {
  const isWanted = ({ properties }: Free): boolean =>
    anyOf.some((wanted) =>
      Object.entries(wanted).every(([key, value]) => properties[key] === value),
    );
  let missing = count;
  for (const pool of pools.filter(isWanted)) {
    const taken = Math.min(missing, pool.count);
    pool.count -= taken;
    missing -= taken;
  }
  return missing === 0;
}
