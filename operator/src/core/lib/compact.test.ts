// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { compact } from "./compact.ts";

test("only undefined members are left out", () => {
  const object = compact({ a: undefined, b: 0, c: "", d: false, e: null });
  expect(object).toStrictEqual({ b: 0, c: "", d: false, e: null });
});
