// SPDX-License-Identifier: Apache-2.0
import type { Server } from "@grpc/grpc-js";
import type { PublishRequest, VolumeDriver } from "../../ports/plugin-sockets.ts";
import { identityService, nodeService } from "./csi-protocol.ts";
import {
  pluginRegistrationService,
  type registrationStatus,
} from "./plugin-registration-protocol.ts";
import type { ValuesOf } from "./protobuf.ts";
import { unary } from "./socket-server.ts";

/** The kubelet asks for the newest version that both know. */
const csiVersions = ["1.0.0"];

/** Puts the driver's two CSI services into the server. */
export function addVolumeServices(server: Server, driver: VolumeDriver): void {
  server.addService(identityService, {
    GetPluginInfo: unary(() => ({ name: driver.name, vendorVersion: driver.version })),
    GetPluginCapabilities: unary(() => ({})),
    Probe: unary(() => ({ ready: { value: true } })),
  });
  server.addService(nodeService, {
    NodePublishVolume: unary(async (request: PublishRequest) => {
      await driver.node.publish(request);
      return {};
    }),
    NodeUnpublishVolume: unary(async (request: { readonly targetPath: string }) => {
      await driver.node.unpublish(request);
      return {};
    }),
    NodeGetCapabilities: unary(() => ({})),
    NodeGetInfo: unary(() => ({ nodeId: driver.nodeName })),
  });
}

/** Puts the service into the server by which the kubelet learns where the driver listens. */
export function addRegistration(server: Server, driver: VolumeDriver, endpoint: string): void {
  server.addService(pluginRegistrationService, {
    GetInfo: unary(() => ({
      type: "CSIPlugin",
      name: driver.name,
      endpoint,
      supportedVersions: csiVersions,
    })),
    NotifyRegistrationStatus: unary(
      ({ pluginRegistered, error }: ValuesOf<typeof registrationStatus>) => {
        driver.onRegistration(pluginRegistered ? undefined : error);
        return {};
      },
    ),
  });
}
