// SPDX-License-Identifier: Apache-2.0
/** Values that flavors and images write alike. Source: nova-semantics 4.3, 4.4. */
import { openstackBool } from "../../lib/openstack-bool.ts";
import { cpuMask, oneOf, pageSize, whole } from "./value-schemas.ts";

/** By the name behind `hw:` in extra specs and `hw_` in image properties. */
export const hardwareValues = {
  cpu_thread_policy: oneOf("prefer", "isolate", "require"),
  cpu_realtime_mask: cpuMask,
  numa_nodes: whole(1),
  mem_page_size: pageSize,
  cpu_sockets: whole(1),
  cpu_cores: whole(1),
  cpu_threads: whole(1),
  cpu_max_sockets: whole(1),
  cpu_max_cores: whole(1),
  cpu_max_threads: whole(1),
  pci_numa_affinity_policy: oneOf("required", "legacy", "preferred", "socket"),
  locked_memory: openstackBool,
  mem_encryption: openstackBool,
  mem_encryption_model: oneOf("amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx"),
  tpm_version: oneOf("1.2", "2.0"),
  tpm_model: oneOf("tpm-tis", "tpm-crb"),
  watchdog_action: oneOf("none", "pause", "poweroff", "reset", "disabled"),
  boot_menu: openstackBool,
  virtio_packed_ring: openstackBool,
  viommu_model: oneOf("intel", "smmuv3", "virtio", "auto"),
  pmu: openstackBool,
  serial_port_count: whole(0),
  sound_model: oneOf("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "virtio"),
  usb_model: oneOf("none", "nec-xhci", "qemu-xhci"),
  redirected_usb_ports: whole(0, 15),
  ephemeral_encryption: openstackBool,
  ephemeral_encryption_format: oneOf("plain", "luks", "luksv2"),
  maxphysaddr_mode: oneOf("passthrough", "emulate"),
  maxphysaddr_bits: whole(0),
} as const;
