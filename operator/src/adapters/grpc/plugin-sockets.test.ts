// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  Client,
  type MethodDefinition,
  type ServiceError,
  credentials,
  status,
} from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NotFound, PortError, Refused, Unavailable } from "../../ports/errors.ts";
import type { PublishRequest, VolumeDriver } from "../../ports/plugin-sockets.ts";
import { identityService, nodeService } from "./csi-protocol.ts";
import { devicePluginService, registrationService } from "./device-plugin-protocol.ts";
import { pluginRegistrationService } from "./plugin-registration-protocol.ts";
import { createPluginSockets } from "./plugin-sockets.ts";
import { serveOnSocket, unary } from "./socket-server.ts";

const resource = {
  name: "kilonova.io/kvm",
  count: 3,
  device: { containerPath: "/dev/kvm", hostPath: "/var/lib/kilonova/dev/kvm" },
};

let kubelet: string;
const undo: (() => unknown)[] = [];

beforeEach(() => {
  kubelet = mkdtempSync(join(tmpdir(), "kubelet-"));
  undo.push(() => rmSync(kubelet, { recursive: true }));
});

afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

function clientOf(path: string): Client {
  const client = new Client(`unix:${path}`, credentials.createInsecure());
  undo.push(() => client.close());
  return client;
}

function call(
  client: Client,
  method: MethodDefinition<object, object>,
  request: object = {},
): Promise<object> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      { deadline: Date.now() + 5000 },
      (error, response) => (error === null ? resolve(response!) : reject(error)),
    );
  });
}

const answers: (string | undefined)[] = [];

async function serveDriver(node: Partial<VolumeDriver["node"]> = {}) {
  const nothing = async () => undefined;
  const driver: VolumeDriver = {
    name: "guest.kilonova.io",
    version: "1.2.3",
    nodeName: "node-1",
    node: { publish: nothing, unpublish: nothing, ...node },
    onRegistration: (fault) => answers.push(fault),
  };
  const server = await createPluginSockets(kubelet).serveVolumes(driver);
  undo.push(() => server.close());
  return server;
}

const csiSocket = () => join(kubelet, "plugins/guest.kilonova.io/csi.sock");
const registrationSocket = () => join(kubelet, "plugins_registry/guest.kilonova.io-reg.sock");

describe("the CSI driver", () => {
  test("tells the kubelet where and what it is", async () => {
    await serveDriver();
    const registration = clientOf(registrationSocket());
    expect(await call(registration, pluginRegistrationService.GetInfo)).toEqual({
      type: "CSIPlugin",
      name: "guest.kilonova.io",
      endpoint: csiSocket(),
      supportedVersions: ["1.0.0"],
    });
    const refused = { pluginRegistered: false, error: "no such version" };
    for (const answer of [{ pluginRegistered: true }, refused]) {
      await call(registration, pluginRegistrationService.NotifyRegistrationStatus, answer);
    }
    expect(answers.splice(0)).toEqual([undefined, "no such version"]);
    const csi = clientOf(csiSocket());
    expect(await call(csi, identityService.GetPluginInfo)).toEqual({
      name: "guest.kilonova.io",
      vendorVersion: "1.2.3",
    });
    expect(await call(csi, identityService.Probe)).toEqual({ ready: { value: true } });
    expect(await call(csi, identityService.GetPluginCapabilities)).toEqual({});
    expect(await call(csi, nodeService.NodeGetInfo)).toEqual({ nodeId: "node-1" });
    expect(await call(csi, nodeService.NodeGetCapabilities)).toEqual({});
  });

  test("hands on what the kubelet asks to publish and to unpublish", async () => {
    const asked: unknown[] = [];
    await serveDriver({
      publish: async (request: PublishRequest) => void asked.push(request),
      unpublish: async (request) => void asked.push(request),
    });
    const csi = clientOf(csiSocket());
    const volumeContext = { guest: "web-1-abcde-1", "csi.storage.k8s.io/pod.uid": "u" };
    const request = { targetPath: "/t", volumeContext };
    await call(csi, nodeService.NodePublishVolume, request);
    await call(csi, nodeService.NodeUnpublishVolume, { targetPath: "/t" });
    expect(asked).toMatchObject([{ targetPath: "/t", volumeContext }, { targetPath: "/t" }]);
  });

  test.each([
    [new NotFound("no such Guest"), status.NOT_FOUND],
    [new Refused("WrongPod", "the pod is not the Guest's"), status.FAILED_PRECONDITION],
    [new Unavailable("the API server is away"), status.UNAVAILABLE],
    [new PortError("MountFailed", "target is busy"), status.ABORTED],
  ])(
    "answers %s with a code that says whether something may have been done",
    async (error, code) => {
      const publish = async (): Promise<never> => {
        throw error;
      };
      await serveDriver({ publish });
      const publishing = call(clientOf(csiSocket()), nodeService.NodePublishVolume);
      await expect(publishing).rejects.toMatchObject({
        code,
        details: expect.stringContaining(error.message),
      });
    },
  );

  test("does not tell the kubelet what a bug says", async () => {
    await serveDriver({ publish: () => Promise.reject(new TypeError("secret of undefined")) });
    const answer = await call(clientOf(csiSocket()), nodeService.NodePublishVolume).catch(
      (error: ServiceError) => error,
    );
    expect(answer).toMatchObject({ code: status.ABORTED, details: "failed by a bug" });
  });

  test("replaces the sockets of a process that was killed, and takes its own away", async () => {
    for (const path of [csiSocket(), registrationSocket()]) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, "left behind");
    }
    const server = await serveDriver();
    expect(await call(clientOf(csiSocket()), nodeService.NodeGetInfo)).toEqual({
      nodeId: "node-1",
    });
    expect(await server.isReachable()).toBe(true);
    await server.close();
    expect(existsSync(csiSocket()) || existsSync(registrationSocket())).toBe(false);
  });

  test("notices that somebody removed or replaced its socket", async () => {
    const server = await serveDriver();
    rmSync(csiSocket());
    expect(await server.isReachable()).toBe(false);
    writeFileSync(csiSocket(), "");
    expect(await server.isReachable()).toBe(false);
  });
});

describe("a device plugin", () => {
  const pluginSocket = () => join(kubelet, "device-plugins/kilonova.io-kvm.sock");

  async function serve() {
    const server = await createPluginSockets(kubelet).serveDevices(resource);
    undo.push(() => server.close());
    return server;
  }

  test("lists its units, and again when their health changes", async () => {
    const server = await serve();
    const lists: { devices: { id: string; health: string }[] }[] = [];
    const { path, requestSerialize, responseDeserialize } = devicePluginService.ListAndWatch;
    const stream = clientOf(pluginSocket()).makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      {},
    );
    stream.on("data", (list) => lists.push(list));
    stream.on("error", () => undefined);
    await expect.poll(() => lists.length).toBe(1);
    expect(lists[0]?.devices).toEqual(["0", "1", "2"].map((id) => ({ id, health: "Healthy" })));
    server.setHealthy(false);
    server.setHealthy(false);
    await expect.poll(() => lists.length).toBe(2);
    expect(new Set(lists[1]?.devices.map(({ health }) => health))).toEqual(new Set(["Unhealthy"]));
    stream.cancel();
  });

  test("gives every container that asks the agent's own device file", async () => {
    await serve();
    const request = { containerRequests: [{ deviceIds: ["0"] }, { deviceIds: ["2"] }] };
    const file = {
      containerPath: "/dev/kvm",
      hostPath: "/var/lib/kilonova/dev/kvm",
      permissions: "rw",
    };
    const each = { devices: [file] };
    const answer = await call(clientOf(pluginSocket()), devicePluginService.Allocate, request);
    expect(answer).toEqual({ containerResponses: [each, each] });
    const options = await call(
      clientOf(pluginSocket()),
      devicePluginService.GetDevicePluginOptions,
    );
    expect(options).toEqual({ preStartRequired: false, getPreferredAllocationAvailable: false });
  });

  test("is made known to the kubelet", async () => {
    const asked: unknown[] = [];
    const fake = await serveOnSocket(join(kubelet, "device-plugins/kubelet.sock"), (server) =>
      server.addService(registrationService, {
        Register: unary((request: object) => {
          asked.push(request);
          return {};
        }),
      }),
    );
    undo.push(() => fake.close());
    await createPluginSockets(kubelet).registerDevices(resource);
    expect(asked).toMatchObject([
      { version: "v1beta1", endpoint: "kilonova.io-kvm.sock", resourceName: "kilonova.io/kvm" },
    ]);
  });

  test("cannot be made known while no kubelet listens", async () => {
    const registering = createPluginSockets(kubelet).registerDevices(resource);
    await expect(registering).rejects.toBeInstanceOf(Unavailable);
  });

  test("can tell one life of the kubelet from the next, and from none", async () => {
    const sockets = createPluginSockets(kubelet);
    const path = join(kubelet, "device-plugins/kubelet.sock");
    expect(await sockets.kubeletLife()).toBeUndefined();
    const lives: (string | undefined)[] = [];
    for (let life = 0; life < 2; life += 1) {
      const fake = await serveOnSocket(path, () => undefined);
      lives.push(await sockets.kubeletLife(), await sockets.kubeletLife());
      await fake.close();
    }
    expect(lives[0]).toBe(lives[1]);
    expect(lives[2]).toBe(lives[3]);
    expect(lives[0]).not.toBe(lives[2]);
  });
});
