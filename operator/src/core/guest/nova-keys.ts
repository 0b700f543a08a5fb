// SPDX-License-Identifier: Apache-2.0
/** Words of Nova's that no feature acts on yet. A feature that begins to act on one removes it here. */
function named(prefix: string, words: string): string[] {
  return words.split(" ").map((word) => `${prefix}${word}`);
}

/** Namespaces whose extra specs Nova validates: an unknown key in one of them is a mistake. */
const flavorNamespace =
  /^(accel|aggregate_instance_extra_specs|capabilities|hw|hw_rng|hw_video|os|pci_passthrough|quota|vmware|(resources|trait)[\w-]{0,64}):/;

export function hasNovaNamespace(extraSpec: string): boolean {
  return flavorNamespace.test(extraSpec);
}

/** Extra specs that Nova knows by name. Source: nova-semantics 4.3. */
export const novaExtraSpecs: readonly string[] = [
  ...named("hw:", "cpu_policy cpu_thread_policy cpu_dedicated_mask emulator_threads_policy"),
  ...named("hw:", "cpu_realtime cpu_realtime_mask numa_nodes mem_page_size locked_memory"),
  ...named("hw:", "cpu_sockets cpu_cores cpu_threads cpu_max_sockets cpu_max_cores"),
  ...named("hw:", "cpu_max_threads pci_numa_affinity_policy mem_encryption"),
  ...named("hw:", "mem_encryption_model tpm_version tpm_model tpm_secret_security"),
  ...named("hw:", "watchdog_action boot_menu vif_multiqueue_enabled virtio_packed_ring"),
  ...named("hw:", "viommu_model pmu pmem serial_port_count hide_hypervisor_id sound_model"),
  ...named("hw:", "usb_model redirected_usb_ports ephemeral_encryption"),
  ...named("hw:", "ephemeral_encryption_format maxphysaddr_mode maxphysaddr_bits"),
  ...named("hw_rng:", "rate_bytes rate_period"),
  ...named("hw_video:", "ram_max_mb"),
  ...named("os:", "secure_boot"),
  ...named("quota:", "cpu_shares cpu_period cpu_quota disk_read_bytes_sec disk_read_iops_sec"),
  ...named("quota:", "disk_write_bytes_sec disk_write_iops_sec disk_total_bytes_sec"),
  ...named("quota:", "disk_total_iops_sec vif_inbound_average vif_inbound_peak"),
  ...named("quota:", "vif_inbound_burst vif_outbound_average vif_outbound_peak"),
  ...named("quota:", "vif_outbound_burst"),
  ...named("", "accel:device_profile pci_passthrough:alias group_policy hide_hypervisor_id"),
];

/** Keys that Nova knows by their form, and whose names are the user's own. */
const novaExtraSpecForm =
  /^((resources|trait)[\w-]{0,64}:.+|aggregate_instance_extra_specs:.+|capabilities:.+|hw:numa_(cpus|mem)\.\d+)$/;

export function isNovaExtraSpec(key: string): boolean {
  return novaExtraSpecs.includes(key) || novaExtraSpecForm.test(key);
}

/** Image properties that Nova knows by name. Source: nova-semantics 4.4. */
const novaImageProperties: ReadonlySet<string> = new Set([
  ...named("hw_", "emulation_architecture firmware_stateless cpu_policy cpu_thread_policy"),
  ...named("hw_", "cpu_realtime_mask cpu_sockets cpu_cores cpu_threads cpu_max_sockets"),
  ...named("hw_", "cpu_max_cores cpu_max_threads numa_nodes mem_page_size"),
  ...named("hw_", "pci_numa_affinity_policy locked_memory mem_encryption"),
  ...named("hw_", "mem_encryption_model pmu vif_multiqueue_enabled virtio_packed_ring"),
  ...named("hw_", "viommu_model tpm_version tpm_model watchdog_action boot_menu"),
  ...named("hw_", "maxphysaddr_mode maxphysaddr_bits sound_model usb_model"),
  ...named("hw_", "redirected_usb_ports serial_port_count ephemeral_encryption"),
  ...named("hw_", "ephemeral_encryption_format ephemeral_encryption_secret_uuid disk_bus"),
  ...named("hw_", "cdrom_bus floppy_bus rescue_bus rescue_device scsi_model vif_model"),
  ...named("hw_", "video_model video_ram input_bus pointer_model time_hpet ipxe_boot vm_mode"),
  ...named("img_", "hv_type hv_requested_version config_drive hide_hypervisor_id use_agent"),
  ...named("img_", "signature signature_hash_method signature_certificate_uuid"),
  ...named("img_", "signature_key_type linked_clone cache_in_nova bdm_v2"),
  ...named("img_", "block_device_mapping mappings root_device_name"),
  ...named("os_", "secure_boot command_line require_quiesce"),
]);

const novaImagePropertyForm = /^(trait:.+|hw_numa_(cpus|mem)\.\d+)$/;

export function isNovaImageProperty(key: string): boolean {
  return novaImageProperties.has(key) || novaImagePropertyForm.test(key);
}
