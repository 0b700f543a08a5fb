// SPDX-License-Identifier: Apache-2.0
import { selects } from "../../lib/label-selector.ts";
import { defineFilter } from "../filter.ts";

/** The host's Node has the labels that the hint demands. Differs: labels in place of JSON expressions. */
export const nodeSelector = defineFilter({
  name: "node-selector",
  source: "JsonFilter",
  testFor({ hints }) {
    const selector = hints?.nodeSelector;
    if (selector === undefined) return undefined;
    return ({ labels = {} }) => selects(selector, labels) || "does not have the labels of its hint";
  },
});
