// SPDX-License-Identifier: Apache-2.0
import { cpuTopologyConflict } from "./cpu-topology.ts";
import { extraSpecSchema } from "./extra-specs.ts";

type Properties = Readonly<Record<string, string>>;

/** What holds of the two, or why they do not go together. */
type Settled = { readonly value: string | undefined } | { readonly conflict: string };

/** Settles what a flavor and an image say of one subject. At least one of them says something. */
type Rule = (flavor: string | undefined, image: string | undefined) => Settled;

const imageWins: Rule = (flavor, image) => ({ value: image ?? flavor });
const flavorWins: Rule = (flavor, image) => ({ value: flavor ?? image });

/** Equal if both say something, as they are read: `yes` and `true` are. */
function equal(schemaOf: string): Rule {
  const read = (text: string): unknown => extraSpecSchema(schemaOf)?.safeParse(text).data ?? text;
  return (flavor, image) =>
    flavor === undefined || image === undefined || read(flavor) === read(image)
      ? { value: flavor ?? image }
      : { conflict: `is ${image}, but ${flavor} in the flavor` };
}

const atMostFlavor: Rule = (flavor, image) =>
  flavor !== undefined && image !== undefined && Number(image) > Number(flavor)
    ? { conflict: `is ${image}, but the flavor allows ${flavor}` }
    : { value: image ?? flavor };

const onlyOne: Rule = (flavor, image) =>
  flavor !== undefined && image !== undefined
    ? { conflict: "must not be set beside the flavor's" }
    : { value: flavor ?? image };

/** A flavor that dedicates CPUs decides; one that shares them is not overruled. */
const cpuPolicy: Rule = (flavor, image) => {
  if (flavor === undefined) return { value: image };
  const isOverruled =
    (flavor === "mixed" && image === "dedicated") ||
    (flavor === "shared" && image !== undefined && image !== "shared");
  return isOverruled ? { conflict: `is ${image}, but ${flavor} in the flavor` } : { value: flavor };
};

/** Beside `prefer` an image may say anything, but it changes nothing. */
const cpuThreadPolicy: Rule = (flavor, image) =>
  flavor === undefined || flavor === "prefer" || image === undefined || image === flavor
    ? { value: flavor ?? image }
    : { conflict: `is ${image}, but ${flavor} in the flavor` };

/** Only a flavor that asks for large pages of any size leaves the size to the image. */
const pageSize: Rule = (flavor, image) => {
  if (image === undefined || flavor === "any" || flavor === "large")
    return { value: image ?? flavor };
  return { conflict: `is ${image}, but the flavor leaves no choice` };
};

const eitherHides: Rule = (flavor, image) => {
  const isHidden = [flavor, image].some(
    (text) =>
      text !== undefined && extraSpecSchema("hw:hide_hypervisor_id")?.safeParse(text).data === true,
  );
  return { value: String(isHidden) };
};

/** Subjects that must be equal when both name them, by the name behind `hw:` and `hw_`. */
const equalOnes = [
  "tpm_version",
  "tpm_model",
  "maxphysaddr_mode",
  "sound_model",
  "usb_model",
  "redirected_usb_ports",
  "mem_encryption",
  "mem_encryption_model",
  "ephemeral_encryption",
  "ephemeral_encryption_format",
  "pmu",
  "vif_multiqueue_enabled",
  "virtio_packed_ring",
  "pci_numa_affinity_policy",
  "locked_memory",
];

interface Subject {
  readonly extraSpec: string;
  readonly property: string;
  readonly rule: Rule;
}

const hardware = (name: string, rule: Rule): Subject => ({
  extraSpec: `hw:${name}`,
  property: `hw_${name}`,
  rule,
});

const subjects: readonly Subject[] = [
  ...equalOnes.map((name) => hardware(name, equal(`hw:${name}`))),
  { extraSpec: "os:secure_boot", property: "os_secure_boot", rule: equal("os:secure_boot") },
  hardware("cpu_policy", cpuPolicy),
  hardware("cpu_thread_policy", cpuThreadPolicy),
  hardware("cpu_realtime_mask", imageWins),
  hardware("watchdog_action", imageWins),
  hardware("boot_menu", imageWins),
  hardware("viommu_model", flavorWins),
  hardware("serial_port_count", atMostFlavor),
  hardware("numa_nodes", onlyOne),
  hardware("mem_page_size", pageSize),
  {
    extraSpec: "hw:hide_hypervisor_id",
    property: "img_hide_hypervisor_id",
    rule: eitherHides,
  },
];

/** What holds of each subject, by image property; or why flavor and image do not go together. */
export type FlavorAndImage =
  | { readonly ok: true; readonly values: Properties }
  | { readonly ok: false; readonly message: string };

/**
 * Settles what a flavor's extra specs and an image's properties both have a say in. Values were checked
 * one by one before. Source: nova-semantics 4.5.
 */
export function settle(flavor: Properties, image: Properties): FlavorAndImage {
  const values: Record<string, string> = {};
  for (const { extraSpec, property, rule } of [...subjects, ...cellSubjects(flavor, image)]) {
    if (flavor[extraSpec] === undefined && image[property] === undefined) continue;
    const settled = rule(flavor[extraSpec], image[property]);
    if ("conflict" in settled)
      return { ok: false, message: `property ${property} ${settled.conflict}` };
    if (settled.value !== undefined) values[property] = settled.value;
  }
  const conflict = cpuTopologyConflict(flavor, image) ?? encryptionConflict(values, image);
  return conflict === undefined ? { ok: true, values } : { ok: false, message: conflict };
}

/** The layout of NUMA cells comes as a whole from one of the two. */
function cellSubjects(flavor: Properties, image: Properties): Subject[] {
  const suffix = /^hw[:_](numa_(?:cpus|mem)\.\d+)$/;
  const names = [...Object.keys(flavor), ...Object.keys(image)].flatMap(
    (key) => suffix.exec(key)?.[1] ?? [],
  );
  return [...new Set(names)].map((name) => hardware(name, onlyOne));
}

function encryptionConflict(values: Properties, image: Properties): string | undefined {
  const isEncrypted =
    extraSpecSchema("hw:mem_encryption")?.safeParse(values["hw_mem_encryption"]).data === true;
  return isEncrypted && image["hw_firmware_type"] !== "uefi"
    ? "memory encryption needs an image with property hw_firmware_type uefi"
    : undefined;
}
