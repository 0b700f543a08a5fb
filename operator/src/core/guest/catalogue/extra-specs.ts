// SPDX-License-Identifier: Apache-2.0
import type { z } from "zod";
import { openstackBool } from "../../lib/openstack-bool.ts";
import { hardwareValues } from "./hardware-values.ts";
import { anyText, cpuList, cpuMask, labels, oneOf, whole } from "./value-schemas.ts";

/** The same schema for some names. */
function each(prefix: string, names: string, schema: z.ZodType): Record<string, z.ZodType> {
  return Object.fromEntries(names.split(" ").map((name) => [`${prefix}${name}`, schema]));
}

function prefixed(
  prefix: string,
  schemas: Readonly<Record<string, z.ZodType>>,
): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(schemas).map(([name, one]) => [prefix + name, one]));
}

/**
 * Extra specs that Nova knows by name and that no feature acts on yet, with their values. A feature that
 * begins to act on one removes it here. Source: nova-semantics 4.3.
 */
export const extraSpecs: Readonly<Record<string, z.ZodType>> = {
  ...prefixed("hw:", hardwareValues),
  "hw:cpu_dedicated_mask": cpuMask,
  "hw:emulator_threads_policy": oneOf("isolate", "share"),
  "hw:cpu_realtime": openstackBool,
  "hw:tpm_secret_security": oneOf("user", "host", "deployment"),
  "hw:pmem": labels,
  "hw:hide_hypervisor_id": openstackBool,
  hide_hypervisor_id: openstackBool,
  ...each("hw_rng:", "rate_bytes rate_period", whole(0)),
  "hw_video:ram_max_mb": whole(0),
  "os:secure_boot": oneOf("required", "disabled"),
  ...each("quota:", "cpu_shares cpu_period", whole(0)),
  // Below 0 there is no limit.
  "quota:cpu_quota": whole(-2_147_483_648),
  ...each("quota:disk_", "read_bytes_sec write_bytes_sec total_bytes_sec", whole(0)),
  ...each("quota:disk_", "read_iops_sec write_iops_sec total_iops_sec", whole(0)),
  ...each("quota:vif_inbound_", "average peak burst", whole(0)),
  ...each("quota:vif_outbound_", "average peak burst", whole(0)),
  "accel:device_profile": anyText,
  "pci_passthrough:alias": anyText,
};

/** Extra specs that Nova knows by their form, and whose names are the user's own. */
const forms: readonly (readonly [form: RegExp, schema: z.ZodType])[] = [
  [/^hw:numa_cpus\.\d+$/, cpuList],
  [/^hw:numa_mem\.\d+$/, whole(1)],
];

/** What the values of an extra spec may be; undefined for those that Nova does not know. */
export function extraSpecSchema(key: string): z.ZodType | undefined {
  if (Object.hasOwn(extraSpecs, key)) return extraSpecs[key];
  return forms.find(([form]) => form.test(key))?.[1];
}
