// SPDX-License-Identifier: Apache-2.0
/** The agent's own process on a node without a kubelet. Needs root. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials, type MethodDefinition } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { nodeService } from "../adapters/grpc/csi-protocol.ts";
import { registrationService } from "../adapters/grpc/device-plugin-protocol.ts";
import { serveOnSocket, unary } from "../adapters/grpc/socket-server.ts";
import { apiVersion } from "../api/define-kind.ts";
import { hypervisorStatusSchema } from "../api/v1alpha1/hypervisor.ts";
import type { PluginServer } from "../ports/plugin-sockets.ts";
import { AgentNode, type RunningAgent } from "../testing/agent-node.ts";
import { aGuest } from "../testing/builders.ts";
import { until } from "../testing/until.ts";

/** A QEMU of the guest's user counts as the guest, so nobody else on this machine may have it. */
const guestUid = 1_900_000_001;
const podUid = "11111111-0000-4000-8000-000000000001";
const volume = `/var/lib/kubelet/pods/${podUid}/volumes/kubernetes.io~csi/guest`;
const published = {
  targetPath: `${volume}/mount`,
  volumeContext: {
    guest: aGuest().metadata.name,
    "csi.storage.k8s.io/pod.uid": podUid,
    "csi.storage.k8s.io/pod.name": aGuest().metadata.name,
    "csi.storage.k8s.io/pod.namespace": "team",
    "csi.storage.k8s.io/ephemeral": "true",
  },
};

let node: AgentNode;
let agent: RunningAgent;
let kubelet: PluginServer;
const registered: unknown[] = [];

beforeAll(async () => {
  node = await AgentNode.start();
  kubelet = await serveOnSocket(
    join(node.kubeletDirectory, "device-plugins/kubelet.sock"),
    (server) =>
      server.addService(registrationService, {
        Register: unary((request: { resourceName: string }) => {
          registered.push(request.resourceName);
          return {};
        }),
      }),
  );
});
afterEach(({ task }) => {
  if (task.result?.state === "fail") console.error(node.log);
});
afterAll(async () => {
  await kubelet.close();
  await node.close();
});

async function startAgent(): Promise<void> {
  agent = await node.startAgent();
  await until("the agent is ready", agent.isReady);
}

async function csi(method: MethodDefinition<object, object>, request: object): Promise<object> {
  const socket = join(node.kubeletDirectory, "plugins/guest.kilonova.io/csi.sock");
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = method;
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        (error, answer) => (error === null ? resolve(answer!) : reject(error)),
      );
    });
  } finally {
    client.close();
  }
}

const hypervisor = () => node.get("hypervisor", node.name);

describe("the agent of a node", () => {
  test("sends its heartbeat and serves the kubelet's plugins soon after its start", async () => {
    await startAgent();
    await until("the heartbeat begins", async () => (await node.lease()) !== undefined);
    const first = await node.lease();
    expect(first?.spec).toMatchObject({ holderIdentity: node.name });
    expect(await csi(nodeService.NodeGetInfo, {})).toEqual({ nodeId: node.name });
    if (existsSync("/dev/kvm")) {
      await until("KVM is offered", () => registered.includes("kilonova.io/kvm"));
    }
    await until("the heartbeat goes on", async () => {
      const lease = await node.lease();
      return lease?.metadata.resourceVersion !== first?.metadata.resourceVersion;
    });
  });

  test("reports its host once it has an object to do so, and proves what it says", async () => {
    const metadata = { name: node.name };
    await node.create({ apiVersion, kind: "Hypervisor", metadata, spec: {} });
    await expect
      .poll(async () => (await hypervisor())?.status?.["inventory"], { timeout: 110_000 })
      .toBeDefined();
    const status = hypervisorStatusSchema.parse((await hypervisor())?.status);
    expect(status.conditions).toMatchObject([{ type: "VirtTypeProven", status: "True" }]);
    expect(status.versions?.libvirt).toMatch(/^\d+\./);
    expect(status.inventory?.["MEMORY_MB"]?.total).toBe(6144);
    expect(status.traits).toContain("COMPUTE_FIRMWARE_UEFI");
  });

  test("answers a claim and brings the guest's directory into its pod", async () => {
    await node.api.kubectl(["create", "namespace", "team"]);
    const { kind, spec, metadata } = aGuest();
    // Nothing leaves the machine: a loopback address is refused as a source.
    const image = { ...spec.image, http: { ...spec.image.http, url: "http://127.0.0.1:9/x" } };
    await node.create({
      apiVersion,
      kind,
      metadata: { name: metadata.name, namespace: "team" },
      spec: { ...spec, host: node.name, image, uid: guestUid },
    });
    await until("the claim is answered", async () => {
      const claim = (await node.get("guest", metadata.name, "team"))?.status?.["claim"];
      return claim !== undefined;
    });
    await node.run("mkdir", "-p", volume);
    await csi(nodeService.NodePublishVolume, published);
    expect(await node.mountsBelow(`${volume}/mount`)).toHaveLength(4);
    expect(await node.mountsBelow(`/var/lib/kilonova/p/${podUid}`)).toHaveLength(4);
  });

  test("that was killed is followed by one that is the same hypervisor and knows its pods", async () => {
    const before = (await hypervisor())?.status;
    agent.process.kill("SIGKILL");
    await once(agent.process, "exit");
    await startAgent();
    await csi(nodeService.NodePublishVolume, published);
    expect(await node.mountsBelow(`${volume}/mount`)).toHaveLength(4);
    await node.api.kubectl(["label", "hypervisor", node.name, "looked=yes"]);
    const after = (await hypervisor())?.status;
    expect(after?.["uuid"]).toBe(before?.["uuid"]);
    await csi(nodeService.NodeUnpublishVolume, published);
    expect(await node.mountsBelow("/var/lib/kilonova/p")).toEqual([]);
    expect(await node.run("ls", "-A", "/var/lib/kilonova/p", volume)).not.toContain("mount");
  });

  test("lets a second one wait until it ends, and ends when it is told to", async () => {
    const second = await node.startAgent();
    await until("the second waits", () => node.log.includes("another agent runs on this node"));
    expect(await second.isReady()).toBe(false);
    const lease = await node.lease();
    agent.process.kill("SIGTERM");
    expect(await once(agent.process, "exit")).toEqual([0, null]);
    await until("the second takes over", second.isReady);
    expect((await node.lease())?.metadata.uid).toBe(lease?.metadata.uid);
    second.process.kill("SIGTERM");
    expect(await once(second.process, "exit")).toEqual([0, null]);
  });
});
