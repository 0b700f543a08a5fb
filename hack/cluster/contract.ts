// SPDX-License-Identifier: Apache-2.0
/** What a cluster can do, whatever it is made of. */
import type { RunResult, TryRunResult } from "../exec.ts";

/**
 * - `off`: without power; what was on the node's disk is kept.
 * - `stopped`: kubelet and containerd do not run, the containers do.
 * - `partitioned`: everything runs, and the network reaches none of it.
 */
export type NodeState = "off" | "stopped" | "partitioned" | "running";

export interface ClusterStatus {
  readonly apiServer: "running" | "stopped";
  readonly nodes: readonly { readonly name: string; readonly state: NodeState }[];
}

export interface InputOptions {
  readonly stdin?: string;
}

/** One node. Every method may be called again: what is so already stays so. */
export interface ClusterNode {
  readonly name: string;
  state(): Promise<NodeState>;
  /** Kills everything on the node at once. Its disk is kept, and its processes learn nothing. */
  powerCut(): Promise<void>;
  /** Powers the node on with the disk that it had, and returns when its kubelet was started. */
  start(): Promise<void>;
  /** Kills kubelet, containerd and kube-proxy; containers run on. */
  stopDaemons(): Promise<void>;
  startDaemons(): Promise<void>;
  /** Cuts the node's network both ways; processes run on. */
  partition(): Promise<void>;
  heal(): Promise<void>;
  /** Runs a program on the node, outside of any pod. A failing exit code is a result. */
  exec(argv: readonly string[], options?: InputOptions): Promise<TryRunResult>;
  /** {@link ClusterNode.exec} as a command line for a terminal. */
  terminalCommand(argv: readonly string[]): Promise<readonly string[]>;
  /** Where this machine finds a file of the node. `/var/lib/kilonova` is there also without power. */
  hostPath(path: string): Promise<string>;
}

/** The API server, which can be killed and started again with its data. */
export interface ApiServer {
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface Cluster {
  readonly engine: "namespaces" | "docker";
  /** An administrator's kubeconfig. */
  readonly kubeconfigPath: string;
  /** One JSON object a line for every write since `up`: verb, user and object, without content. */
  readonly auditLogPath: string;
  readonly apiServer: ApiServer;
  /** Brings everything to run: makes what is missing, starts what is off and mends what is broken. */
  up(nodeCount?: number): Promise<void>;
  /** Removes the cluster with everything in it. */
  down(): Promise<void>;
  status(): Promise<ClusterStatus>;
  /** The node of that number, counted from 1, or name, such as `node-1`. */
  node(which: number | string): ClusterNode;
  /** The cluster's own kubectl or helm and the environment to run it with. */
  client(name: "kubectl" | "helm"): Promise<ClusterClient>;
  /** Runs kubectl. Throws when it fails. */
  kubectl(args: readonly string[], options?: InputOptions): Promise<RunResult>;
  /** Makes the image in an OCI archive known to every node, unless it is. */
  loadImage(ociArchivePath: string): Promise<void>;
}

export interface ClusterClient {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}
