// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAllowedSource, isNetwork } from "./source-address.ts";

const open = { refused: [], allowed: [] };
const cluster = {
  refused: ["10.244.0.0/16", "10.96.0.0/12", "192.0.2.7", "fd00:1::/64"],
  allowed: [],
};

describe("an image", () => {
  test.each(["93.184.216.34", "10.0.0.1", "192.168.1.1", "2606:2800::1", "::ffff:93.184.216.34"])(
    "may come from %s",
    (address) => {
      expect(isAllowedSource(address, open)).toBe(true);
    },
  );

  test.each([
    ...["0.0.0.0", "127.0.0.1", "127.255.255.255", "169.254.169.254", "224.0.0.1"],
    ...["255.255.255.255", "::", "::1", "fe80::1", "febf::1", "ff02::1"],
    ...[
      "::ffff:127.0.0.1",
      "::ffff:7f00:1",
      "::ffff:a9fe:a9fe",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
    ],
  ])("may not come from %s", (address) => {
    expect(isAllowedSource(address, open)).toBe(false);
  });

  test.each(["10.244.3.4", "10.100.0.1", "192.0.2.7", "fd00:1::5", "::ffff:10.244.3.4"])(
    "may not come from %s of the cluster",
    (address) => {
      expect(isAllowedSource(address, cluster)).toBe(false);
      expect(isAllowedSource(address, open)).toBe(true);
    },
  );

  test("may come from what the administrator allows, whatever it is", () => {
    const policy = { ...cluster, allowed: ["127.0.0.0/8", "10.244.7.0/24"] };
    expect(isAllowedSource("127.0.0.1", policy)).toBe(true);
    expect(isAllowedSource("10.244.7.9", policy)).toBe(true);
    expect(isAllowedSource("10.244.8.9", policy)).toBe(false);
  });

  test.each([
    ...["", "example.org", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4 ", "0x7f.1"],
    ...["2130706433", "fe80::1%eth0", ":::", "1::2::3", "1:2:3:4:5:6:7:8:9", "12345::", "::1.2.3"],
  ])("may not come from %j, which is no address", (address) => {
    expect(isAllowedSource(address, open)).toBe(false);
  });

  test("may come from nowhere when a network of the cluster cannot be read", () => {
    expect(isAllowedSource("93.184.216.34", { refused: ["10.0.0.0/33"], allowed: [] })).toBe(false);
  });
});

describe("a network", () => {
  test("is an address, or one with the number of its leading bits", () => {
    for (const cidr of ["10.0.0.0/8", "10.1.2.3", "::/0", "fd00::/8"]) {
      expect(isNetwork(cidr)).toBe(true);
    }
    for (const cidr of [
      "10.0.0.0/",
      "10.0.0.0/33",
      "::/129",
      "a/8",
      "10.0.0.0/8/8",
      "10.0.0.0/-1",
    ]) {
      expect(isNetwork(cidr)).toBe(false);
    }
  });

  test("has the addresses that begin with its bits, and no others", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, (a, b, c, d) => {
        const policy = { refused: ["100.64.0.0/10"], allowed: [] };
        const isIn = a === 100 && b >= 64 && b < 128;
        const isNever = [0, 127].includes(a) || a >= 224 || (a === 169 && b === 254);
        return isAllowedSource(`${a}.${b}.${c}.${d}`, policy) === !(isIn || isNever);
      }),
    );
  });
});
