// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { requestedGroups } from "../../placement/requested-groups.ts";
import { anyText, oneOf, whole } from "../catalogue/value-schemas.ts";
import { defineFeature, type Properties } from "../feature.ts";

/** Differs: Nova knows no preferred and avoided traits, and honours an image's required ones only. */
const traitWish = oneOf("required", "forbidden", "preferred", "avoided");

/**
 * What decides where a guest runs and nothing of the guest itself: filters and weighers act on it.
 * Source: nova-semantics 4.3, 4.4.
 */
export const scheduling = defineFeature({
  flavorKeys: { group_policy: oneOf("none", "isolate") },
  flavorForms: [
    [/^resources[\w-]{0,64}:.+$/, whole(0)],
    [/^trait[\w-]{0,64}:.+$/, traitWish],
    [/^aggregate_instance_extra_specs:.+$/, anyText],
    [/^capabilities:.+$/, anyText],
  ],
  imageKeys: {
    hw_vm_mode: oneOf("hvm"),
    img_hv_type: oneOf("kvm", "qemu"),
    img_hv_requested_version: z
      .string()
      .regex(/^\s*(<=|>=|==|!=|<|>)\s*\d+(\.\d+)*(\s*,\s*(<=|>=|==|!=|<|>)\s*\d+(\.\d+)*)*\s*$/, {
        error: "is not a list of conditions such as >=8.2,<10",
      }),
  },
  imageForms: [[/^trait:.+$/, traitWish]],
  flaw: (flavor, image) => {
    const names = [...Object.keys(flavor), ...Object.keys(image)];
    return names.map(nameFlaw).find((flaw) => flaw !== undefined) ?? groupFlaw(flavor, image);
  },
  contribute: () => ({}),
});

/** Classes that a server's size decides, or that nothing gives yet. */
const fixedClasses: Readonly<Record<string, string>> = {
  MEMORY_MB: "a server takes the memory that its pod requests; set spec.memoryMib",
  PCPU: "CPUs of its own are not offered yet: leave it out",
};

function nameFlaw(key: string): string | undefined {
  const [, kind, subject = ""] = /^(resources|trait)[\w-]{0,64}:(.+)$/.exec(key) ?? [];
  if (kind === undefined) return undefined;
  if (!/^[A-Z][A-Z0-9_]{0,254}$/.test(subject)) {
    return `${key}: ${subject} is not of capitals, digits and _, such as CUSTOM_FAST`;
  }
  const fixed = kind === "resources" ? fixedClasses[subject] : undefined;
  return fixed === undefined ? undefined : `extra spec ${key}: ${fixed}`;
}

function groupFlaw(flavor: Properties, image: Properties): string | undefined {
  const groups = requestedGroups({}, flavor, image);
  return groups.ok ? undefined : groups.message;
}
