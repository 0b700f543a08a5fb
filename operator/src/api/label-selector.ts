// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { mapOf, setOf, text } from "./bounded.ts";

/** Kubernetes' label selector, which the product evaluates on the labels of Nodes. */
export const labelSelectorSchema = z.strictObject({
  matchLabels: mapOf(text(1, 317), text(0, 63), 16).optional().describe("Labels by their values."),
  matchExpressions: z
    .array(
      z.strictObject({
        key: text(1, 317).describe("Name of the label."),
        operator: z
          .enum(["In", "NotIn", "Exists", "DoesNotExist"])
          .describe("What is demanded of its value."),
        values: setOf(text(0, 63), 256)
          .optional()
          .describe("Of In and NotIn: the values; none for Exists and DoesNotExist."),
      }),
    )
    .max(16)
    .optional()
    .describe("Demands on labels; all of them have to be met."),
});

export type LabelSelector = z.output<typeof labelSelectorSchema>;
