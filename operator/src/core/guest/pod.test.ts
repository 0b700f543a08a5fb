// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { Guest } from "../../api/kinds.ts";
import { readinessProbeSchema } from "../../api/v1alpha1/readiness-probe.ts";
import { aGuest, aServer } from "../../testing/builders.ts";
import { readinessPort } from "./network/ruleset.ts";
import { addressClaims, type IpamClaim } from "./network/address-claim.ts";
import { serverPod } from "./pod.ts";

const secret = { name: "web-secrets", key: "key" };
const server = aServer({ spec: { sshKeys: [{ secret }, { value: "ssh-rsa AA" }] } });
const guest = aGuest();
const policy = { guestImage: "registry.example.org/guest:1" };
const choice = { isAccelerated: true, claims: [] };
const pod = serverPod(server, guest, policy, choice);
const [container] = pod.spec.containers;

/** Every leaf of the template as `path=value`: what is added or changed has to pass by here. */
function leavesOf(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [`${path}=${String(value)}`];
  const entries = Object.entries(value);
  if (entries.length === 0) return [`${path}={}`];
  return entries.flatMap(([key, member]) => leavesOf(member, path === "" ? key : `${path}.${key}`));
}

test("the whole template is as it was reviewed", () => {
  expect(leavesOf(pod)).toEqual([
    "apiVersion=v1",
    "kind=Pod",
    "metadata.name=web-5e12e-1",
    "metadata.namespace=team",
    "metadata.labels.kilonova.io/server-uid=5e12e12e-0000-4000-8000-000000000001",
    "metadata.labels.kilonova.io/server=web",
    "metadata.annotations.kilonova.io/guest-image=registry.example.org/guest:1",
    expect.stringMatching(/^metadata\.annotations\.kilonova\.io\/metadata=metadata 1\n/),
    "metadata.ownerReferences.0.apiVersion=kilonova.io/v1alpha1",
    "metadata.ownerReferences.0.kind=Guest",
    "metadata.ownerReferences.0.name=web-5e12e-1",
    "metadata.ownerReferences.0.uid=90e50000-0000-4000-8000-000000000001",
    "metadata.ownerReferences.0.controller=true",
    "spec.restartPolicy=Never",
    "spec.terminationGracePeriodSeconds=90",
    "spec.automountServiceAccountToken=false",
    "spec.enableServiceLinks=false",
    ...prefixed("spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution", [
      "nodeSelectorTerms.0.matchFields.0.key=metadata.name",
      "nodeSelectorTerms.0.matchFields.0.operator=In",
      "nodeSelectorTerms.0.matchFields.0.values.0=node-1",
    ]),
    "spec.tolerations.0.operator=Exists",
    "spec.securityContext.runAsNonRoot=true",
    "spec.securityContext.runAsUser=1000700000",
    "spec.securityContext.runAsGroup=1000700000",
    "spec.securityContext.seccompProfile.type=RuntimeDefault",
    "spec.securityContext.sysctls.0.name=net.ipv4.ip_unprivileged_port_start",
    "spec.securityContext.sysctls.0.value=0",
    ...prefixed("spec.containers.0", [
      "name=guest",
      "image=registry.example.org/guest:1",
      "imagePullPolicy=IfNotPresent",
      "env.0.name=HOME",
      "env.0.value=/data/run/home",
      "env.1.name=XDG_RUNTIME_DIR",
      "env.1.value=/data/run",
      "resources.requests.cpu=200m",
      "resources.requests.memory=1184Mi",
      "resources.requests.kilonova.io/kvm=1",
      "resources.requests.kilonova.io/tun=1",
      "resources.limits.memory=1184Mi",
      "resources.limits.kilonova.io/kvm=1",
      "resources.limits.kilonova.io/tun=1",
      "readinessProbe.tcpSocket.port=10",
      "readinessProbe.periodSeconds=2",
      "readinessProbe.failureThreshold=1",
      "securityContext.allowPrivilegeEscalation=false",
      "securityContext.readOnlyRootFilesystem=true",
      "securityContext.capabilities.drop.0=ALL",
      "volumeMounts.0.name=guest",
      "volumeMounts.0.mountPath=/data",
      "volumeMounts.0.readOnly=true",
      "volumeMounts.0.mountPropagation=HostToContainer",
      "volumeMounts.1.name=tmp",
      "volumeMounts.1.mountPath=/tmp",
      "volumeMounts.2.name=metadata",
      "volumeMounts.2.mountPath=/metadata",
      "volumeMounts.2.readOnly=true",
    ]),
    "spec.volumes.0.name=guest",
    "spec.volumes.0.csi.driver=guest.kilonova.io",
    "spec.volumes.0.csi.volumeAttributes.guest=web-5e12e-1",
    "spec.volumes.1.name=tmp",
    "spec.volumes.1.emptyDir.medium=Memory",
    "spec.volumes.1.emptyDir.sizeLimit=16Mi",
    "spec.volumes.2.name=metadata",
    ...prefixed("spec.volumes.2.projected.sources", [
      "0.downwardAPI.items.0.path=recipe",
      "0.downwardAPI.items.0.fieldRef.fieldPath=metadata.annotations['kilonova.io/metadata']",
      "0.downwardAPI.items.1.path=readiness",
      "0.downwardAPI.items.1.fieldRef.fieldPath=metadata.annotations['kilonova.io/readiness-probe']",
      "1.secret.name=web-secrets",
      "1.secret.optional=true",
      "1.secret.items.0.key=key",
      "1.secret.items.0.path=ssh-key-0",
    ]),
  ]);
});

function prefixed(prefix: string, leaves: readonly string[]): string[] {
  return leaves.map((leaf) => `${prefix}.${leaf}`);
}

describe("the server pod fits PodSecurity restricted", () => {
  const spec: Readonly<Record<string, unknown>> = pod.spec;

  test("shares nothing with its node", () => {
    for (const field of ["hostNetwork", "hostPID", "hostIPC", "nodeName", "hostAliases"]) {
      expect(spec).not.toHaveProperty(field);
    }
  });

  test("runs as a user of its own, without a capability or a way to more", () => {
    expect(pod.spec.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(pod.spec.securityContext.runAsUser).toBeGreaterThan(0);
    expect(pod.spec.containers).toHaveLength(1);
    expect(spec).not.toHaveProperty("initContainers");
    expect(container?.securityContext).toStrictEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("mounts only kinds of volumes that restricted allows, and none of them holds user data", () => {
    const members = pod.spec.volumes.map((volume) => Object.keys(volume));
    expect(members).toEqual([
      ["name", "csi"],
      ["name", "emptyDir"],
      ["name", "projected"],
    ]);
    const [, tmp] = pod.spec.volumes;
    expect(tmp).toMatchObject({ emptyDir: { medium: "Memory" } });
  });
});

describe("the server pod", () => {
  test("has no token of the API server", () => {
    expect(pod.spec.automountServiceAccountToken).toBe(false);
  });

  test("tolerates a lost node without a limit", () => {
    expect(pod.spec.tolerations).toStrictEqual([{ operator: "Exists" }]);
  });

  test("is left more time than the guest's own shutdown takes", () => {
    const slow = aGuest({ spec: { shutdown: { timeoutSeconds: 600, retryIntervalSeconds: 10 } } });
    expect(serverPod(server, slow, policy, choice).spec.terminationGracePeriodSeconds).toBe(630);
  });

  test("requests all the memory that it may use, which is the guest's claim", () => {
    const { requests, limits } = container?.resources ?? {};
    expect(requests?.memory).toBe(limits?.memory);
    expect(limits?.memory).toBe(`${guest.spec.resources["MEMORY_MB"]}Mi`);
    expect(limits).not.toHaveProperty("cpu");
  });

  test("asks for the KVM device only where KVM is used", () => {
    const [emulated] = serverPod(server, guest, policy, { ...choice, isAccelerated: false }).spec
      .containers;
    expect(emulated?.resources.limits).toStrictEqual({ memory: "1184Mi", "kilonova.io/tun": "1" });
  });

  test("asks for the tap device only for a guest with a network card", () => {
    const domain = { ...guest.spec.domain, networks: [] };
    const [lonely] = serverPod(server, aGuest({ spec: { domain } }), policy, {
      ...choice,
      isAccelerated: false,
    }).spec.containers;
    expect(lonely?.resources.limits).toStrictEqual({ memory: "1184Mi" });
  });

  test("is probed only at the port that its guest does not get", () => {
    const probes = Object.entries(container ?? {}).filter(([key]) => key.endsWith("Probe"));
    expect(probes).toMatchObject([["readinessProbe", { tcpSocket: { port: readinessPort } }]]);
    expect(container).not.toHaveProperty("ports");
  });

  test("carries the labels of its Server and its probe", () => {
    const readinessProbe = readinessProbeSchema.parse({ tcpSocket: { port: 22 } });
    const marked = {
      ...server,
      metadata: { ...server.metadata, labels: { app: "web" } },
      spec: { ...server.spec, readinessProbe },
    };
    const { labels, annotations } = serverPod(marked, guest, policy, choice).metadata;
    expect(labels).toEqual({ app: "web", ...pod.metadata.labels });
    expect(annotations).toMatchObject({
      "kilonova.io/copied-labels": '["app"]',
      "kilonova.io/readiness-probe": expect.stringMatching(/^tcp 0 10 1 1 3 \S+ 22\n$/) as string,
    });
  });

  test("asks Multus for the networks of its guest, each by the place of its card", () => {
    const mac = "52:54:00:00:00:02";
    const networkAttachment = { name: "storage", address: "10.8.0.7/24" };
    const networks = [...guest.spec.domain.networks, { name: "back", mac, networkAttachment }];
    const attached = aGuest({ spec: { domain: { ...guest.spec.domain, networks } } });
    expect(askedOfMultus(attached, [])).toEqual([
      { name: "storage", interface: "net1", mac, ips: ["10.8.0.7/24"] },
    ]);
    expect(pod.metadata.annotations).not.toHaveProperty(["k8s.v1.cni.cncf.io/networks"]);
  });

  test("tells Multus the claim that keeps the address of a network", () => {
    const mac = "52:54:00:00:00:02";
    const back = { name: "back", mac, networkAttachment: { name: "storage" } };
    const networks = [...guest.spec.domain.networks, back];
    const attached = aGuest({ spec: { domain: { ...guest.spec.domain, networks } } });
    const attachment = { network: "lan", keepsAddresses: true };
    const claims = addressClaims(attached, () => attachment);
    expect(askedOfMultus(attached, claims)).toEqual([
      { name: "storage", interface: "net1", mac, "ipam-claim-reference": "web-5e12e.back" },
    ]);
  });

  test("has a priority class when there is one to have", () => {
    const ranked = serverPod(server, guest, { ...policy, priorityClass: "servers" }, choice);
    expect(ranked.spec.priorityClassName).toBe("servers");
    expect(pod.spec).not.toHaveProperty("priorityClassName");
  });
});

function askedOfMultus(attached: Guest, claims: readonly IpamClaim[]): unknown {
  const { metadata } = serverPod(server, attached, policy, { ...choice, claims });
  const annotations: Readonly<Record<string, string>> = metadata.annotations;
  return JSON.parse(annotations["k8s.v1.cni.cncf.io/networks"] ?? "");
}
