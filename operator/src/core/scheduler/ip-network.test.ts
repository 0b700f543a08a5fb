// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { isInNetwork } from "./ip-network.ts";

test.each([
  ["10.0.1.7", "10.0.1.200/24", true],
  ["10.0.2.7", "10.0.1.0/24", false],
  ["10.0.2.7", "0.0.0.0/0", true],
  ["10.0.1.7", "10.0.1.7/32", true],
  ["2001:db8::5", "2001:db8::/64", true],
  ["2001:db8:0:1::5", "2001:db8::/64", false],
  ["::1", "0:0:0:0:0:0:0:1/128", true],
])("the address %s is in the network %s or not", (address, network, isInside) => {
  expect(isInNetwork(address, network)).toBe(isInside);
});

test.each([
  ["10.0.1.7", "10.0.1.0/64"],
  ["10.0.1.7", "10.0.1.0"],
  ["10.0.1.7", "10.0.1/24"],
  ["10.0.1.700", "10.0.1.0/24"],
  ["2001:db8::5", "10.0.1.0/24"],
  ["1::2::3", "::/0"],
  ["1:2:3", "::/0"],
  ["x::", "::/0"],
])("what cannot be read holds nothing: %s in %s", (address, network) => {
  expect(isInNetwork(address, network)).toBe(false);
});
