// SPDX-License-Identifier: Apache-2.0
import type { z } from "zod";
import { openstackBool } from "../../lib/openstack-bool.ts";
import { hardwareValues } from "./hardware-values.ts";
import { anyText, cpuList, oneOf, whole } from "./value-schemas.ts";

const bus = oneOf("fdc", "ide", "sata", "scsi", "usb", "virtio", "xen", "lxc", "uml");

function each(names: string, schema: z.ZodType): Record<string, z.ZodType> {
  return Object.fromEntries(names.split(" ").map((name) => [name, schema]));
}

const sameAsFlavors: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  Object.entries(hardwareValues).map(([name, schema]) => [`hw_${name}`, schema]),
);

/**
 * Image properties that Nova knows by name and that no feature acts on yet, with their values. A feature
 * that begins to act on one removes it here. Source: nova-semantics 4.4.
 */
const imageProperties: Readonly<Record<string, z.ZodType>> = {
  ...sameAsFlavors,
  hw_emulation_architecture: anyText,
  hw_firmware_stateless: openstackBool,
  hw_ephemeral_encryption_secret_uuid: anyText,
  ...each("hw_disk_bus hw_cdrom_bus hw_floppy_bus hw_rescue_bus", bus),
  hw_rescue_device: oneOf("cdrom", "disk", "floppy", "fs", "lun"),
  hw_scsi_model: oneOf(
    "buslogic",
    "ibmvscsi",
    "lsilogic",
    "lsisas1068",
    "lsisas1078",
    "virtio-scsi",
    "vmpvscsi",
  ),
  hw_vif_model: oneOf(
    "virtio",
    "ne2k_pci",
    "pcnet",
    "rtl8139",
    "e1000",
    "e1000e",
    "igb",
    "netfront",
    "spapr-vlan",
    "lan9118",
    "sriov",
    "vmxnet",
    "vmxnet3",
  ),
  hw_video_model: oneOf("cirrus", "qxl", "vga", "vmvga", "xen", "virtio", "gop", "none", "bochs"),
  hw_video_ram: whole(0),
  hw_input_bus: oneOf("usb", "virtio"),
  hw_pointer_model: oneOf("usbtablet"),
  ...each("hw_time_hpet hw_ipxe_boot", openstackBool),
  img_config_drive: oneOf("optional", "mandatory"),
  ...each("img_hide_hypervisor_id img_use_agent img_linked_clone", openstackBool),
  ...each("img_cache_in_nova img_bdm_v2", openstackBool),
  ...each("img_signature img_signature_hash_method img_signature_certificate_uuid", anyText),
  ...each("img_signature_key_type img_block_device_mapping img_mappings", anyText),
  img_root_device_name: anyText,
  os_secure_boot: oneOf("required", "disabled", "optional"),
  os_command_line: anyText,
  os_require_quiesce: openstackBool,
};

/** Image properties that Nova knows by their form. */
const forms: readonly (readonly [form: RegExp, schema: z.ZodType])[] = [
  [/^hw_numa_cpus\.\d+$/, cpuList],
  [/^hw_numa_mem\.\d+$/, whole(1)],
];

/** What the values of an image property may be; undefined for those that Nova does not know. */
export function imagePropertySchema(key: string): z.ZodType | undefined {
  if (Object.hasOwn(imageProperties, key)) return imageProperties[key];
  return forms.find(([form]) => form.test(key))?.[1];
}
