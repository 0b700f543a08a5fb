// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { satisfiesVersion, versionOf } from "./version-range.ts";

test.each([
  [">=8.2,<9", true],
  ["==8.2.1", true],
  ["!=8.2.1", false],
  ["<=8.2", false],
  [">8", true],
  ["about 8", false],
])("version 8.2.1 satisfies %s or not", (range, isSatisfied) => {
  expect(satisfiesVersion(versionOf(8_002_001), range)).toBe(isSatisfied);
});
