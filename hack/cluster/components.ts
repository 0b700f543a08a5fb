// SPDX-License-Identifier: Apache-2.0
/**
 * What the local cluster is made of, built from Go modules. Each component has a module of its own in
 * `modules/`: its `go.mod` pins the version and names the programs as tools, its `go.sum` the hash of
 * every dependency. A newer version: `go get -tool PACKAGE@VERSION` there, and commit both files.
 */

export interface Component {
  readonly name: string;
  /** The variable that the linker sets to the version, for components that would not know theirs. */
  readonly version?: { readonly module: string; readonly variable: string };
  /** Built with C code and libseccomp, linked statically. */
  readonly needsSeccomp?: boolean;
  /** A program that is to be called otherwise than Go calls it. */
  readonly rename?: { readonly from: string; readonly to: string };
}

/** API server, controller manager, scheduler, kubelet, kube-proxy and kubectl. */
export const kubernetes: Component = {
  name: "kubernetes",
  version: {
    module: "k8s.io/kubernetes",
    variable: "k8s.io/component-base/version.gitVersion",
  },
};

export const etcd: Component = { name: "etcd", rename: { from: "server", to: "etcd" } };

/** The daemon, its shim and its client `ctr`. */
export const containerd: Component = {
  name: "containerd",
  version: {
    module: "github.com/containerd/containerd/v2",
    variable: "github.com/containerd/containerd/v2/version.Version",
  },
};

export const runc: Component = {
  name: "runc",
  version: { module: "github.com/opencontainers/runc", variable: "main.version" },
  needsSeccomp: true,
};

export const cniPlugins: Component = { name: "cni-plugins" };

/**
 * Attaches pods to further networks; calls a plugin of {@link cniPlugins} for each. Its first build takes
 * three and a half minutes of CPU time.
 */
export const multus: Component = { name: "multus" };

export const helm: Component = { name: "helm" };

/** A controller of the Gateway API. Only the suite of gateways needs it. */
export const contour: Component = { name: "contour" };
