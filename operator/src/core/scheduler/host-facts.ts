// SPDX-License-Identifier: Apache-2.0
/** What filters and weighers may know of a host, from what the cluster says of it. */
import type { Hypervisor } from "../../api/kinds.ts";
import type { HypervisorStatus } from "../../api/v1alpha1/hypervisor.ts";
import { compact } from "../lib/compact.ts";
import { zoneOf } from "./aggregates.ts";
import type { HeldClaim, Holder } from "./claims.ts";
import type { HostFacts, NodeView } from "./host-state.ts";
import type { Membership } from "./membership.ts";

/** Kubernetes' own label for the zone of a Node. */
const zoneLabel = "topology.kubernetes.io/zone";

/** The zone that a Node is in: by its aggregates, else by its label. */
export function zoneOfNode({ labels }: NodeView, membership: Membership): string | undefined {
  const zone = labels[zoneLabel];
  const { aggregates } = membership.of(labels);
  return zoneOf({ aggregates, ...(zone !== undefined && { zone }) });
}

/** What its agent, its Node and its aggregates say of a host. */
export function reportedFacts(
  { metadata, status = {} }: Hypervisor,
  node: NodeView | undefined,
  membership: Membership,
): HostFacts {
  const { traits, cpu, versions } = status;
  const { aggregates, traits: given } = membership.of(node?.labels);
  return compact({
    traits: traits === undefined ? undefined : new Set([...traits, ...given]),
    aggregates: aggregates.length === 0 ? undefined : aggregates,
    labels: node?.labels,
    zone: node?.labels[zoneLabel],
    address: node?.address,
    hypervisorVersion: versionNumber(versions?.qemu),
    supportedGuests: cpu && supportedGuests(cpu.arch, status.virtType),
    capabilities: capabilitiesOf(metadata.name, status),
  });
}

/** Of a Nova host whose libvirt runs QEMU. What runs under KVM runs under QEMU as well. */
function supportedGuests(
  architecture: string,
  virtType: HypervisorStatus["virtType"],
): NonNullable<HostFacts["supportedGuests"]> {
  const types = virtType === "kvm" ? ["kvm", "qemu"] : ["qemu"];
  return types.map((hypervisorType) => ({ architecture, hypervisorType, vmMode: "hvm" }));
}

/** By the names that Nova's host state has. Source: nova-semantics 4.3, capabilities. */
function capabilitiesOf(name: string, status: HypervisorStatus): HostFacts["capabilities"] {
  const { cpu, versions, inventory, traits = [], memoryMib } = status;
  return compact({
    host: name,
    hypervisor_hostname: name,
    hypervisor_type: "QEMU",
    hypervisor_version: versionNumber(versions?.qemu),
    vcpus_total: inventory?.["VCPU"]?.total,
    cpu_allocation_ratio: inventory?.["VCPU"]?.allocationRatio,
    ram_allocation_ratio: inventory?.["MEMORY_MB"]?.allocationRatio,
    disk_allocation_ratio: inventory?.["DISK_GB"]?.allocationRatio,
    total_usable_ram_mb: memoryMib,
    cpu_info: cpu && { arch: cpu.arch, model: cpu.model, vendor: cpu.vendor },
    traits,
  });
}

/** 10.1.2 as 10001002, as libvirt and Nova write it; undefined when there is no such version. */
function versionNumber(version: string | undefined): number | undefined {
  const [, major, minor = 0, micro = 0] =
    /^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version ?? "") ?? [];
  if (major === undefined) return undefined;
  return Number(major) * 1e6 + Number(minor) * 1e3 + Number(micro);
}

/** What those who hold claims make known of their host. A server counts once, however many it has. */
export function guestFacts(claims: readonly HeldClaim[]): HostFacts {
  if (claims.length === 0) return {};
  const holders = new Map<string, Holder>();
  for (const { holder } of claims) if (holder !== undefined) holders.set(holder.serverUid, holder);
  const all = [...holders.values()];
  return {
    servers: new Set(holders.keys()),
    groups: groupsOf(all),
    serverCount: all.length,
    ioOperationCount: all.filter(({ isBuilding }) => isBuilding).length,
    failedBuildCount: all.filter(({ hasFailed }) => hasFailed).length,
    imageProperties: all.map(({ imageProperties = {} }) => imageProperties),
  };
}

function groupsOf(holders: readonly Holder[]): NonNullable<HostFacts["groups"]> {
  const groups = new Map<string, Set<string>>();
  for (const { group, serverUid } of holders) {
    if (group === undefined) continue;
    const members = groups.get(group);
    if (members === undefined) groups.set(group, new Set([serverUid]));
    else members.add(serverUid);
  }
  return groups;
}
