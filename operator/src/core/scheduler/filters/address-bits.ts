// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

export const addressBits = defineFilter({
  name: "address-bits",
  source: "ComputeCapabilitiesFilter",
  about:
    "The host's physical addresses are as wide as the flavor asks for. What is not known is too narrow.",
  asks: ({ flavor }) => flavor?.extraSpecs["hw:maxphysaddr_bits"],
  testFor(bits) {
    const cause = `has fewer than ${bits} address bits`;
    return ({ physicalAddressBits = 0 }) => Number(bits) <= physicalAddressBits || cause;
  },
});
