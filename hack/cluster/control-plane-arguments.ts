// SPDX-License-Identifier: Apache-2.0
/** The command lines of the control plane's programs. */
import { podNetworks, serviceNetworks } from "./layout.ts";
import type { ApiServerIdentity, KeyPair } from "./pki.ts";

type Flags = Readonly<Record<string, string | number | boolean>>;

export interface EtcdOptions {
  readonly dataDirectory: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
}

export function etcdArguments(options: EtcdOptions): readonly string[] {
  return render({
    name: "kilonova",
    "data-dir": options.dataDirectory,
    "listen-client-urls": options.clientUrl,
    "advertise-client-urls": options.clientUrl,
    "listen-peer-urls": options.peerUrl,
    "initial-advertise-peer-urls": options.peerUrl,
    "initial-cluster": `kilonova=${options.peerUrl}`,
    // The data need not outlive the machine.
    "unsafe-no-fsync": true,
    "log-level": "warn",
  });
}

export interface ApiServerOptions {
  readonly etcdUrl: string;
  readonly address: string;
  readonly port: number;
  readonly identity: ApiServerIdentity;
  readonly authorizationModes: readonly ("Node" | "RBAC")[];
  /** More flags, by their names. */
  readonly more?: Flags;
}

export function apiServerArguments(options: ApiServerOptions): readonly string[] {
  const { identity } = options;
  return render({
    "etcd-servers": options.etcdUrl,
    "bind-address": options.address,
    "advertise-address": options.address,
    "secure-port": options.port,
    "service-cluster-ip-range": serviceNetworks.join(","),
    "allow-privileged": true,
    "authorization-mode": options.authorizationModes.join(","),
    "client-ca-file": identity.authorityPath,
    "tls-cert-file": identity.serving.certificate,
    "tls-private-key-file": identity.serving.key,
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-account-key-file": identity.serviceAccountKeyPath,
    "service-account-signing-key-file": identity.serviceAccountKeyPath,
    "requestheader-client-ca-file": identity.frontProxyAuthorityPath,
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "proxy-client-cert-file": identity.frontProxy.certificate,
    "proxy-client-key-file": identity.frontProxy.key,
    ...options.more,
  });
}

export interface KubeletAccess {
  readonly authorityPath: string;
  readonly client: KeyPair;
}

/** What an API server needs to know about kubelets, webhooks and the audit log of a whole cluster. */
export function clusterApiServerFlags(
  kubelets: KubeletAccess,
  audit: { readonly policyPath: string; readonly logPath: string },
): Flags {
  return {
    "enable-admission-plugins": "NodeRestriction",
    "kubelet-certificate-authority": kubelets.authorityPath,
    "kubelet-client-certificate": kubelets.client.certificate,
    "kubelet-client-key": kubelets.client.key,
    "kubelet-preferred-address-types": "InternalIP,Hostname",
    // The API server is on the host, where Service addresses lead nowhere but pod addresses do.
    "enable-aggregator-routing": true,
    "audit-policy-file": audit.policyPath,
    "audit-log-path": audit.logPath,
    "audit-log-maxsize": 500,
    "audit-log-maxbackup": 1,
  };
}

export interface ControllerManagerOptions {
  readonly kubeconfig: string;
  readonly authority: KeyPair;
  readonly frontProxyAuthorityPath: string;
  readonly serviceAccountKeyPath: string;
}

export function controllerManagerArguments(options: ControllerManagerOptions): readonly string[] {
  return render({
    ...localClientFlags(options.kubeconfig),
    "use-service-account-credentials": true,
    "service-account-private-key-file": options.serviceAccountKeyPath,
    "root-ca-file": options.authority.certificate,
    "cluster-signing-cert-file": options.authority.certificate,
    "cluster-signing-key-file": options.authority.key,
    "requestheader-client-ca-file": options.frontProxyAuthorityPath,
    "allocate-node-cidrs": false,
    "cluster-cidr": podNetworks.join(","),
    "service-cluster-ip-range": serviceNetworks.join(","),
    // Tests wait for a lost node: 16 s instead of 40.
    "node-monitor-period": "2s",
    "node-monitor-grace-period": "16s",
  });
}

export function schedulerArguments(kubeconfig: string): readonly string[] {
  return render(localClientFlags(kubeconfig));
}

function localClientFlags(kubeconfig: string): Flags {
  return {
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": "127.0.0.1",
    "leader-elect": false,
  };
}

function render(flags: Flags): readonly string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}
