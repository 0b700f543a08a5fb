// SPDX-License-Identifier: Apache-2.0
import { selects } from "../../lib/label-selector.ts";
import { defineFilter } from "../filter.ts";

export const nodeSelector = defineFilter({
  name: "node-selector",
  source: "JsonFilter",
  about: "The host's Node has the labels that the hint demands.",
  differs: "labels in place of JSON expressions.",
  asks: ({ hints }) => hints?.nodeSelector,
  testFor:
    (selector) =>
    ({ labels = {} }) =>
      selects(selector, labels) || "does not have the labels of its hint",
});
