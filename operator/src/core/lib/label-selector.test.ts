// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { LabelSelector } from "../../api/label-selector.ts";
import { selects } from "./label-selector.ts";

const labels = { rack: "a", disk: "ssd" };
const demand = (operator: "In" | "NotIn", key: string, ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, values }],
});

test.each<readonly [LabelSelector, boolean]>([
  [{}, true],
  [{ matchLabels: { rack: "a" } }, true],
  [{ matchLabels: { rack: "b" } }, false],
  [{ matchLabels: { rack: "a", row: "1" } }, false],
  [demand("In", "disk", "nvme", "ssd"), true],
  [demand("In", "disk", "nvme"), false],
  [demand("In", "row", "1"), false],
  [demand("NotIn", "disk", "ssd"), false],
  [demand("NotIn", "row", "1"), true],
  [{ matchExpressions: [{ key: "rack", operator: "Exists" }] }, true],
  [{ matchExpressions: [{ key: "row", operator: "Exists" }] }, false],
  [{ matchExpressions: [{ key: "row", operator: "DoesNotExist" }] }, true],
  [
    { matchLabels: { rack: "a" }, matchExpressions: [{ key: "disk", operator: "DoesNotExist" }] },
    false,
  ],
])("%j on rack a with ssd: %j", (selector, expected) => {
  expect(selects(selector, labels)).toBe(expected);
});
