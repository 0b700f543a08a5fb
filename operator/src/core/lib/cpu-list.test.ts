// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { parseCpuList } from "./cpu-list.ts";

test.each([
  ["0", [0]],
  ["3,0-1", [0, 1, 3]],
  ["^2,0-3", [0, 1, 3]],
  ["0-2, 2-4", [0, 1, 2, 3, 4]],
  ["^0", []],
])("the list %s is read", (text, cpus) => {
  expect(parseCpuList(text)).toEqual(cpus);
});

test.each(["", "a", "3-1", "0,", "0--1", "12345"])("%s is no list of CPUs", (text) => {
  expect(parseCpuList(text)).toBeUndefined();
});
