// SPDX-License-Identifier: Apache-2.0
/** The configuration files of a node's programs. Where a program reads YAML it is given JSON. */
import { bridge, dnsServiceAddress, nodeDiskDirectories, podNetworks } from "./layout.ts";
import type { NodePlan } from "./layout.ts";

export const nodePaths = {
  authority: "/etc/kubernetes/ca.crt",
  servingCertificate: "/etc/kubernetes/kubelet.crt",
  servingKey: "/etc/kubernetes/kubelet.key",
  kubeletKubeconfig: "/etc/kubernetes/kubelet.kubeconfig",
  kubeProxyKubeconfig: "/etc/kubernetes/kube-proxy.kubeconfig",
  kubeletConfig: "/etc/kubernetes/kubelet.json",
  kubeProxyConfig: "/etc/kubernetes/kube-proxy.json",
  containerdConfig: "/etc/containerd/config.toml",
  containerdSocket: "/run/containerd/containerd.sock",
  init: "/usr/sbin/init",
  startKubelet: "/usr/local/sbin/start-kubelet",
} as const;

/** A bridge on every node that leads to the wire of guests. */
export const guestBridge = "guests0";

/** Where the programs of each component are in a node. */
export const nodeProgramDirectories = {
  kubernetes: "/opt/kubernetes/bin",
  containerd: "/opt/containerd/bin",
  runc: "/opt/runc/bin",
  cniPlugins: "/opt/cni/bin",
  multus: "/opt/multus/bin",
} as const;

export const nodeSearchPath = [
  ...Object.values(nodeProgramDirectories),
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
].join(":");

export interface NodeOptions {
  /** Of the whole machine. */
  readonly memoryMib: number;
  /** The image of every pod's sandbox. It is imported at boot and never pulled. */
  readonly sandboxImage: string;
}

/** The small files of a node by path. */
export function nodeFiles(node: NodePlan, options: NodeOptions): Readonly<Record<string, string>> {
  return {
    "/etc/hostname": `${node.name}\n`,
    "/etc/hosts": `127.0.0.1 localhost\n${node.addresses[0]} ${node.name}\n`,
    "/etc/machine-id": `${node.number.toString(16).padStart(32, "0")}\n`,
    "/etc/cni/net.d/10-kilonova.conf": json(multusConfig(node)),
    [nodePaths.containerdConfig]: containerdConfig(options.sandboxImage),
    [nodePaths.kubeletConfig]: json(kubeletConfig(options.memoryMib)),
    [nodePaths.kubeProxyConfig]: json(kubeProxyConfig()),
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function containerdConfig(sandboxImage: string): string {
  // restrict_oom_score_adj: the cluster may run where lowering the score is not allowed.
  return `version = 3
root = '/var/lib/containerd'
state = '/run/containerd'

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${sandboxImage}'

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true

  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['${nodeProgramDirectories.cniPlugins}', '${nodeProgramDirectories.multus}']
    conf_dir = '/etc/cni/net.d'

  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = 'runc'

    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = 'io.containerd.runc.v2'

      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = '${nodeProgramDirectories.runc}/runc'
        SystemdCgroup = false
`;
}

/** Multus gives a pod its network, and asks the API server for the further ones that it is to have. */
function multusConfig(node: NodePlan): object {
  return {
    cniVersion: "1.0.0",
    name: "kilonova",
    type: "multus",
    binDir: nodeProgramDirectories.cniPlugins,
    // What it remembers of pods, which do not outlive a reboot.
    cniDir: "/run/multus",
    kubeconfig: nodePaths.kubeletKubeconfig,
    namespaceIsolation: true,
    capabilities: { portMappings: true },
    delegates: [podNetworkConfig(node)],
  };
}

function podNetworkConfig(node: NodePlan): object {
  return {
    cniVersion: "1.0.0",
    name: "kilonova",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        isDefaultGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          ranges: node.podSubnets.map((subnet) => [{ subnet }]),
          // Addresses do not outlive a reboot, and neither do pods.
          dataDir: "/run/cni-ipam",
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
}

function kubeletConfig(memoryMib: number): object {
  const evictionMib = 100;
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${nodePaths.containerdSocket}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: nodePaths.authority },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: nodePaths.servingCertificate,
    tlsPrivateKeyFile: nodePaths.servingKey,
    clusterDNS: [dnsServiceAddress],
    clusterDomain: "cluster.local",
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: "/",
    cgroupsPerQOS: true,
    enforceNodeAllocatable: ["pods"],
    // Every node sees the memory of the whole machine; each gets a quarter, and so does the host.
    systemReserved: { memory: `${memoryMib - Math.floor(memoryMib / 4) - evictionMib}Mi` },
    evictionHard: {
      "memory.available": `${evictionMib}Mi`,
      "nodefs.available": "1%",
      "imagefs.available": "1%",
      "nodefs.inodesFree": "1%",
    },
    // Images come by import alone, so one that was collected would not come back.
    imageGCHighThresholdPercent: 100,
    failSwapOn: false,
    // Tests kill containers again and again: what comes back late then shall be ours, not the kubelet's.
    featureGates: { KubeletCrashLoopBackOffMax: true },
    crashLoopBackOff: { maxContainerRestartPeriod: "2s" },
    // Without CAP_SYS_RESOURCE neither the score nor the limit can be what the defaults say.
    oomScoreAdj: 0,
    maxOpenFiles: 20_000,
    nodeStatusUpdateFrequency: "4s",
    nodeLeaseDurationSeconds: 12,
  };
}

function kubeProxyConfig(): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    clientConnection: { kubeconfig: nodePaths.kubeProxyKubeconfig },
    clusterCIDR: podNetworks.join(","),
    oomScoreAdj: 0,
    // These would set sysctls of the whole machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
}

/** What the host binds into a node: its disk and the programs. */
export function nodeBinds(
  disk: string,
  programs: Readonly<Record<keyof typeof nodeProgramDirectories, string>>,
): readonly string[] {
  const disks = nodeDiskDirectories.map((path) => `${disk}${path}:${path}:rw`);
  const tools = Object.entries(nodeProgramDirectories).map(
    ([name, path]) => `${programs[name as keyof typeof programs]}:${path}:ro`,
  );
  return [...disks, ...tools];
}

/** `ip` commands for a node: its addresses, the wire of guests, and the ways to the host and to the pods of others. */
export function nodeRoutes(node: NodePlan, others: readonly NodePlan[]): string {
  return [
    `address replace ${node.addresses[0]}/24 dev eth0`,
    `address replace ${node.addresses[1]}/64 dev eth0 nodad`,
    "link set eth0 up",
    `link set ${guestBridge} up`,
    `link set eth1 master ${guestBridge} up`,
    `route replace default via ${bridge.address}`,
    `route replace default via ${bridge.address6}`,
    ...others.flatMap(waysToPods),
    "",
  ].join("\n");
}

/** `ip` commands for a way to the pods of a node, through it. */
export function waysToPods({ addresses, podSubnets }: NodePlan): string[] {
  return podSubnets.map((subnet, family) => `route replace ${subnet} via ${addresses[family]}`);
}
