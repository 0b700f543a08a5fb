// SPDX-License-Identifier: Apache-2.0
import { schedulerSettingsSchema } from "../core/scheduler/settings-schema.ts";
import { json, operatorProcessSchema } from "../platform/config.ts";

/** All that the operator is configured by. */
export const operatorConfigSchema = operatorProcessSchema.extend({
  scheduler: json(schedulerSettingsSchema)
    .prefault("{}")
    .describe("How hosts are chosen, as JSON; see the reference of the scheduler."),
});

export type OperatorConfig = ReturnType<typeof operatorConfigSchema.parse>;
