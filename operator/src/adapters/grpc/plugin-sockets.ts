// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { Unavailable } from "../../ports/errors.ts";
import type { DeviceResource, PluginServer, PluginSockets } from "../../ports/plugin-sockets.ts";
import { apiVersion, registrationService } from "./device-plugin-protocol.ts";
import { DeviceService } from "./device-service.ts";
import { inodeOf, serveOnSocket } from "./socket-server.ts";
import { addRegistration, addVolumeServices } from "./volume-services.ts";

const registerTimeoutMs = 10_000;

/** The kubelet's sockets and those of its plugins, below the kubelet's directory on the node. */
export function createPluginSockets(kubeletDirectory: string): PluginSockets {
  const devicePlugins = join(kubeletDirectory, "device-plugins");
  const kubelet = join(devicePlugins, "kubelet.sock");
  return {
    serveVolumes: async (driver) => {
      const endpoint = join(kubeletDirectory, "plugins", driver.name, "csi.sock");
      const registry = join(kubeletDirectory, "plugins_registry", `${driver.name}-reg.sock`);
      const volumes = await serveOnSocket(endpoint, (server) => addVolumeServices(server, driver));
      // Last: as soon as this socket is there, the kubelet calls the other.
      try {
        const registration = await serveOnSocket(registry, (server) =>
          addRegistration(server, driver, endpoint),
        );
        return together(registration, volumes);
      } catch (error) {
        await volumes.close();
        throw error;
      }
    },
    serveDevices: async (resource) => {
      const service = new DeviceService(resource);
      const path = join(devicePlugins, socketOf(resource));
      const server = await serveOnSocket(path, (added) => service.addTo(added));
      return { ...server, setHealthy: (isHealthy) => service.setHealthy(isHealthy) };
    },
    registerDevices: (resource) => register(kubelet, resource.name, socketOf(resource)),
    kubeletLife: () => inodeOf(kubelet),
  };
}

/** Name of a device plugin's socket beside the kubelet's. */
function socketOf(resource: DeviceResource): string {
  return `${resource.name.replaceAll(/[^a-z0-9.-]/g, "-")}.sock`;
}

function together(...servers: readonly PluginServer[]): PluginServer {
  return {
    isReachable: async () => {
      const answers = await Promise.all(servers.map((server) => server.isReachable()));
      return answers.every(Boolean);
    },
    close: async () => {
      for (const server of servers) await server.close();
    },
  };
}

function register(kubelet: string, resourceName: string, endpoint: string): Promise<void> {
  const client = new Client(`unix:${kubelet}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = registrationService.Register;
  const request = { version: apiVersion, endpoint, resourceName, options: {} };
  const deadline = Date.now() + registerTimeoutMs;
  return new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      { deadline },
      (cause) => {
        if (cause === null) resolve();
        else reject(new Unavailable(`the kubelet did not take ${resourceName}`, cause));
      },
    );
  }).finally(() => client.close());
}
