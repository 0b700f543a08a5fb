// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

/** The host's physical addresses are as wide as the flavor asks for. What is not known is too narrow. */
export const addressBits = defineFilter({
  name: "address-bits",
  source: "ComputeCapabilitiesFilter",
  passes({ physicalAddressBits = 0 }, { flavor }) {
    const bits = flavor?.extraSpecs["hw:maxphysaddr_bits"];
    return (
      bits === undefined ||
      Number(bits) <= physicalAddressBits ||
      `has fewer than ${bits} address bits`
    );
  },
});
