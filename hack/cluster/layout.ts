// SPDX-License-Identifier: Apache-2.0
/**
 * Where the parts of the local cluster are: addresses, interface names, files. There is one such
 * cluster on a machine, since it owns these addresses.
 */
import { join } from "node:path";

/** The bridge that joins the host, where the control plane runs, with the nodes. */
export const bridge = {
  name: "kilonova0",
  address: "10.250.0.1",
  address6: "fd4b:4e00:250::1",
  // A bridge without an address of its own takes one from its ports and changes it when they come and go.
  hardwareAddress: "02:4b:4e:00:00:01",
} as const;

/** The bridge that joins the nodes' second network cards: a wire for guests, on which the host is not. */
export const guestWire = {
  name: "kilonova1",
  hardwareAddress: "02:4b:4e:00:00:02",
} as const;

/** Networks of both families, IPv4 first: what Kubernetes takes for the cluster's primary one. */
export const podNetworks = ["10.251.0.0/16", "fd4b:4e00:251::/48"] as const;
export const serviceNetworks = ["10.252.0.0/16", "fd4b:4e00:252::/112"] as const;
/** The Service `kubernetes`: the first address of the primary network. */
export const apiServiceAddress = "10.252.0.1";
export const dnsServiceAddress = "10.252.0.10";
export const apiServerPort = 6443;
export const apiServerUrl = `https://${bridge.address}:${apiServerPort}`;

export const nodeCountDefault = 3;
export const nodeCountMax = 9;

export interface NodePlan {
  readonly number: number;
  readonly name: string;
  /** On the bridge, of both families. */
  readonly addresses: readonly [string, string];
  readonly podSubnets: readonly [string, string];
  /** The same after every boot, so that no one's memory of it is wrong. */
  readonly hardwareAddress: string;
  /** The host's end of the node's network cable. */
  readonly link: string;
  /** The host's end of the cable to the {@link guestWire}. */
  readonly guestLink: string;
}

/** Names and addresses of a node, counted from 1. */
export function planNode(number: number): NodePlan {
  if (!Number.isInteger(number) || number < 1 || number > nodeCountMax) {
    throw new RangeError(`node ${number}: nodes are counted from 1 to ${nodeCountMax}`);
  }
  return {
    number,
    name: `node-${number}`,
    addresses: [`10.250.0.${10 + number}`, `fd4b:4e00:250::1${number}`],
    hardwareAddress: `02:4b:4e:00:01:0${number}`,
    podSubnets: [`10.251.${number}.0/24`, `fd4b:4e00:251:${number}::/64`],
    link: `kilonova-n${number}`,
    guestLink: `kilonova-g${number}`,
  };
}

/** The state directory, outside the clone: `/var/tmp/kilonova-cluster` or `KILONOVA_CLUSTER_DIR`. */
export function stateDirectory(): string {
  return process.env["KILONOVA_CLUSTER_DIR"] ?? "/var/tmp/kilonova-cluster";
}

/** The files of a cluster below its state directory. */
export interface Layout {
  readonly state: string;
  /** What `up` was asked for. */
  readonly specification: string;
  readonly pki: string;
  readonly etcd: string;
  readonly logs: string;
  readonly auditLog: string;
  readonly adminKubeconfig: string;
  readonly kubectlCache: string;
}

export function layoutOf(state: string): Layout {
  return {
    state,
    specification: join(state, "cluster.json"),
    pki: join(state, "pki"),
    etcd: join(state, "etcd"),
    logs: join(state, "logs"),
    auditLog: join(state, "logs", "audit.log"),
    adminKubeconfig: join(state, "admin.kubeconfig"),
    kubectlCache: join(state, "kubectl-cache"),
  };
}

/** The files of one node as the host sees them. */
export interface NodeLayout {
  /** The node's root file system is an overlay of the host's and these two. */
  readonly upper: string;
  readonly work: string;
  readonly mountPoint: string;
  /** Holds the {@link nodeDiskDirectories}. */
  readonly disk: string;
}

export function nodeLayout(state: string, node: NodePlan): NodeLayout {
  const directory = join(state, "nodes", node.name);
  return {
    upper: join(directory, "upper"),
    work: join(directory, "work"),
    mountPoint: join(directory, "root"),
    disk: join(directory, "disk"),
  };
}

/**
 * Directories of a node that are plain directories of the host's file system, not of the overlay:
 * containerd puts overlays of its own there, and guests want a real disk.
 */
export const nodeDiskDirectories = [
  "/var/lib/containerd",
  "/var/lib/kubelet",
  "/var/lib/kilonova",
  "/tmp",
] as const;
