// SPDX-License-Identifier: Apache-2.0
/** The Container Storage Interface, v1, as far as a driver of inline volumes is asked. */
import { bool, embedded, field, message, string, stringMap } from "./protobuf.ts";
import { serviceOf } from "./service.ts";

export const empty = message({});

export const pluginInfo = message({ name: field(1, string), vendorVersion: field(2, string) });

export const probeResponse = message({
  ready: field(1, embedded(message({ value: field(1, bool) }))),
});

export const nodePublishVolumeRequest = message({
  targetPath: field(4, string),
  volumeContext: field(8, stringMap),
});

export const nodeUnpublishVolumeRequest = message({ targetPath: field(2, string) });

export const nodeInfo = message({ nodeId: field(1, string) });

export const identityService = serviceOf("csi.v1.Identity", {
  GetPluginInfo: { request: empty, response: pluginInfo },
  // Empty: no capability beyond what every driver has.
  GetPluginCapabilities: { request: empty, response: empty },
  Probe: { request: empty, response: probeResponse },
});

export const nodeService = serviceOf("csi.v1.Node", {
  NodePublishVolume: { request: nodePublishVolumeRequest, response: empty },
  NodeUnpublishVolume: { request: nodeUnpublishVolumeRequest, response: empty },
  NodeGetCapabilities: { request: empty, response: empty },
  NodeGetInfo: { request: empty, response: nodeInfo },
});
