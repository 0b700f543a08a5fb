// SPDX-License-Identifier: Apache-2.0
/** The control plane of the local cluster: etcd, API server, controller manager and scheduler on the host. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { killCgroup, removeCgroup } from "./cgroups.ts";
import {
  apiServerArguments,
  clusterApiServerFlags,
  controllerManagerArguments,
  etcdArguments,
  schedulerArguments,
} from "./control-plane-arguments.ts";
import { ensureDaemon, isDaemonRunning } from "./daemons.ts";
import { apiServerPort, apiServerUrl, apiServiceAddress, bridge } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { apiServerIdentity, CertificateAuthority, writeKubeconfig } from "./pki.ts";
import type { ApiServerIdentity } from "./pki.ts";
import type { ControlPlanePrograms } from "./programs.ts";
import { isApiServerReady, isControllerReady, isEtcdReady } from "./readiness.ts";

const etcdUrl = "http://127.0.0.1:2379";
const etcdPeerUrl = "http://127.0.0.1:2380";
/** The ports on loopback where the controllers tell their health. */
const healthPorts = { "kube-controller-manager": 10257, "kube-scheduler": 10259 } as const;
type ControllerName = keyof typeof healthPorts;
const auditPolicy = join(import.meta.dirname, "audit-policy.yaml");

export class ControlPlane {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** The certificate authority of the cluster. */
  authority(): Promise<CertificateAuthority> {
    return CertificateAuthority.open(this.#layout.pki, "kubernetes-ca");
  }

  isApiServerRunning(): Promise<boolean> {
    return isDaemonRunning("kube-apiserver");
  }

  /** Starts etcd and the API server unless they run, and returns when they serve. */
  async startApiServer(programs: ControlPlanePrograms): Promise<void> {
    const layout = this.#layout;
    const authority = await this.authority();
    await mkdir(layout.etcd, { recursive: true, mode: 0o700 });
    await ensureDaemon({
      name: "etcd",
      logPath: this.#logPath("etcd"),
      argv: [
        join(programs.etcd, "etcd"),
        ...etcdArguments({
          dataDirectory: layout.etcd,
          clientUrl: etcdUrl,
          peerUrl: etcdPeerUrl,
        }),
      ],
      isReady: () => isEtcdReady(etcdUrl),
    });
    const identity = await this.#identity(authority);
    const kubeletClient = await authority.issue({
      name: "apiserver-kubelet-client",
      subject: "/O=system:masters/CN=kube-apiserver-kubelet-client",
    });
    const more = clusterApiServerFlags(
      { authorityPath: authority.certificatePath, client: kubeletClient },
      { policyPath: auditPolicy, logPath: layout.auditLog },
    );
    await ensureDaemon({
      name: "kube-apiserver",
      logPath: this.#logPath("kube-apiserver"),
      argv: [
        join(programs.kubernetes, "kube-apiserver"),
        ...apiServerArguments({
          etcdUrl,
          address: bridge.address,
          port: apiServerPort,
          identity,
          authorizationModes: ["Node", "RBAC"],
          more,
        }),
      ],
      isReady: () => isApiServerReady(apiServerUrl, authority.certificatePath),
    });
  }

  async killApiServer(): Promise<void> {
    await killCgroup("kube-apiserver");
  }

  /** Starts the controller manager and the scheduler unless they run. */
  async startControllers(programs: ControlPlanePrograms): Promise<void> {
    const authority = await this.authority();
    const identity = await this.#identity(authority);
    const controllerManager = await this.#writeKubeconfig(authority, "kube-controller-manager");
    const scheduler = await this.#writeKubeconfig(authority, "kube-scheduler");
    const controllerManagerFlags = controllerManagerArguments({
      kubeconfig: controllerManager,
      authority: { certificate: authority.certificatePath, key: authority.keyPath },
      frontProxyAuthorityPath: identity.frontProxyAuthorityPath,
      serviceAccountKeyPath: identity.serviceAccountKeyPath,
    });
    await Promise.all([
      this.#ensureController(programs, "kube-controller-manager", controllerManagerFlags),
      this.#ensureController(programs, "kube-scheduler", schedulerArguments(scheduler)),
    ]);
  }

  async writeAdminKubeconfig(): Promise<void> {
    const authority = await this.authority();
    const admin = await authority.issue({
      name: "admin",
      subject: "/O=system:masters/CN=kubernetes-admin",
    });
    await writeKubeconfig(this.#layout.adminKubeconfig, apiServerUrl, authority, admin);
  }

  async remove(): Promise<void> {
    for (const name of [...Object.keys(healthPorts), "kube-apiserver", "etcd"]) {
      await removeCgroup(name);
    }
  }

  #logPath(name: string): string {
    return join(this.#layout.logs, `${name}.log`);
  }

  #identity(authority: CertificateAuthority): Promise<ApiServerIdentity> {
    return apiServerIdentity(this.#layout.pki, authority, [bridge.address, apiServiceAddress]);
  }

  async #writeKubeconfig(authority: CertificateAuthority, name: ControllerName): Promise<string> {
    const user = await authority.issue({ name, subject: `/CN=system:${name}` });
    const path = join(this.#layout.pki, `${name}.kubeconfig`);
    await writeKubeconfig(path, apiServerUrl, authority, user);
    return path;
  }

  async #ensureController(
    programs: ControlPlanePrograms,
    name: ControllerName,
    args: readonly string[],
  ): Promise<void> {
    await ensureDaemon({
      name,
      logPath: this.#logPath(name),
      argv: [join(programs.kubernetes, name), ...args],
      isReady: () => isControllerReady(healthPorts[name]),
    });
  }
}
