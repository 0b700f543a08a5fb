// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";
import type { HostState, SupportedGuest } from "../host-state.ts";
import type { RequestedImage } from "../request.ts";
import { satisfiesVersion, versionOf } from "../version-range.ts";

export const imageProperties = defineFilter({
  name: "image-properties",
  source: "ImagePropertiesFilter",
  about:
    "The host can run what the image was made for. Only images that name a kind of guest are looked at.",
  asks({ image }, { defaultArchitecture }) {
    const properties = image?.properties ?? {};
    const wanted = wantedGuest(properties, defaultArchitecture);
    return Object.keys(wanted).length === 0 ? undefined : { wanted, properties };
  },
  testFor:
    ({ wanted, properties }) =>
    (host) => {
      const guests = host.supportedGuests;
      if (guests === undefined) return true;
      if (!guests.some((guest) => isSuch(guest, wanted))) return "does not run such guests";
      if (!isVersionFine(host, properties)) return "runs another version of its hypervisor";
      const bits = Number(properties["hw_maxphysaddr_bits"] ?? 0);
      return bits <= (host.physicalAddressBits ?? bits) || `has fewer than ${bits} address bits`;
    },
});

function wantedGuest(
  { hw_architecture, img_hv_type, hw_vm_mode }: RequestedImage["properties"],
  defaultArchitecture: string | undefined,
): Partial<SupportedGuest> {
  const architecture = hw_architecture ?? defaultArchitecture;
  return {
    ...(architecture !== undefined && { architecture }),
    ...(img_hv_type !== undefined && { hypervisorType: img_hv_type }),
    ...(hw_vm_mode !== undefined && { vmMode: hw_vm_mode }),
  };
}

function isSuch(guest: SupportedGuest, wanted: Partial<SupportedGuest>): boolean {
  const offered = new Set(Object.values(guest));
  return Object.values(wanted).every((word) => offered.has(word));
}

function isVersionFine(
  { hypervisorVersion }: HostState,
  { img_hv_requested_version: range }: RequestedImage["properties"],
): boolean {
  if (hypervisorVersion === undefined || range === undefined) return true;
  return satisfiesVersion(versionOf(hypervisorVersion), range);
}
