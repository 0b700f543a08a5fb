// SPDX-License-Identifier: Apache-2.0
import { selects } from "../../lib/label-selector.ts";
import { defineFilter } from "../filter.ts";

/** The host's Node has the labels that the hint demands. Differs: labels in place of JSON expressions. */
export const nodeSelector = defineFilter({
  name: "node-selector",
  source: "JsonFilter",
  asks: ({ hints }) => hints?.nodeSelector,
  testFor:
    (selector) =>
    ({ labels = {} }) =>
      selects(selector, labels) || "does not have the labels of its hint",
});
