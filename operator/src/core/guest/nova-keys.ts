// SPDX-License-Identifier: Apache-2.0
/** Words of Nova's that no feature acts on yet. */
import { extraSpecs, extraSpecSchema } from "./catalogue/extra-specs.ts";
import { imagePropertySchema } from "./catalogue/image-properties.ts";

/** Namespaces whose extra specs Nova validates: an unknown key in one of them is a mistake. */
const flavorNamespace =
  /^(accel|aggregate_instance_extra_specs|capabilities|hw|hw_rng|hw_video|os|pci_passthrough|quota|vmware|(resources|trait)[\w-]{0,64}):/;

export function hasNovaNamespace(extraSpec: string): boolean {
  return flavorNamespace.test(extraSpec);
}

/** Extra specs that Nova knows by name. */
export const novaExtraSpecs: readonly string[] = Object.keys(extraSpecs);

export function isNovaExtraSpec(key: string): boolean {
  return extraSpecSchema(key) !== undefined;
}

export function isNovaImageProperty(key: string): boolean {
  return imagePropertySchema(key) !== undefined;
}
