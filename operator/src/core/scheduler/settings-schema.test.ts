// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { schedulerSettingsSchema } from "./settings-schema.ts";

test("settings name weighers that there are, within bounds", () => {
  const settings = { hostSubsetSize: 3, multipliers: { ram: -1, "build-failures": 0 } };
  expect(schedulerSettingsSchema.parse(settings)).toEqual(settings);
  const wrong = [{ hostSubsetSize: 0 }, { multipliers: { ram: 1, ramm: 2 } }, { colour: "red" }];
  for (const one of wrong) expect(schedulerSettingsSchema.safeParse(one).success).toBe(false);
});
