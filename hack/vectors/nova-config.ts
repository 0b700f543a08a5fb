// SPDX-License-Identifier: Apache-2.0
/** Nova's configuration, in our words. */
import { z } from "zod";
import type { SchedulerSettings } from "../../operator/src/core/scheduler/settings.ts";
import { weighers } from "../../operator/src/core/scheduler/weighers/index.ts";

const scheduler = "filter_scheduler";
const ratios = z
  .array(z.string())
  .transform((list) =>
    Object.fromEntries(
      list.map((one) => one.split("=")).map(([name = "", ratio]) => [name, Number(ratio)]),
    ),
  );

/** By group and option. Multipliers of weighers are left as they are. */
export const configSchema = z.looseObject({
  [`${scheduler}.max_instances_per_host`]: z.number().default(50),
  [`${scheduler}.max_io_ops_per_host`]: z.number().default(8),
});

type Config = z.output<typeof configSchema>;

export function settingsOf(config: Config): SchedulerSettings {
  const read = <T extends z.ZodType>(option: string, schema: T): z.output<T> | undefined =>
    config[option] === undefined ? undefined : schema.parse(config[option]);
  const words = z.array(z.string());
  const architecture = read(`${scheduler}.image_properties_default_architecture`, z.string());
  const prefix = read(`${scheduler}.aggregate_image_properties_isolation_namespace`, z.string());
  const separator = read(`${scheduler}.aggregate_image_properties_isolation_separator`, z.string());
  const worth = read(`${scheduler}.image_props_weight_setting`, ratios) ?? {};
  return {
    multipliers: multipliersOf(config),
    serversPerHostMax: z.number().parse(config[`${scheduler}.max_instances_per_host`]),
    ioOperationsPerHostMax: z.number().parse(config[`${scheduler}.max_io_ops_per_host`]),
    matchesUnscopedExtraSpecs: true,
    ...(architecture !== undefined && { defaultArchitecture: architecture }),
    isolation: {
      hosts: read(`${scheduler}.isolated_hosts`, words) ?? [],
      images: read(`${scheduler}.isolated_images`, words) ?? [],
      isStrict:
        read(`${scheduler}.restrict_isolated_hosts_to_isolated_images`, z.boolean()) ?? true,
    },
    ...(prefix !== undefined && { imagePropertyPrefix: `${prefix}${separator ?? "."}` }),
    ...(Object.keys(worth).length > 0 && { imagePropertyRatios: worth }),
    metrics: {
      ratios: read("metrics.weight_setting", ratios) ?? {},
      isRequired: read("metrics.required", z.boolean()) ?? true,
    },
  };
}

function multipliersOf(config: Config): Record<string, number> {
  return Object.fromEntries(
    weighers.flatMap(({ name, multiplierKey }) => {
      const value = config[`${scheduler}.${multiplierKey}`];
      return typeof value === "number" ? [[name, value]] : [];
    }),
  );
}
