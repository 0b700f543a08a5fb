// SPDX-License-Identifier: Apache-2.0
/** The kubelet's device plugin protocol, v1beta1: the messages and fields that are used here. */
import { bool, embedded, field, message, repeated, string } from "./protobuf.ts";
import { serviceOf } from "./service.ts";

export const apiVersion = "v1beta1";

export const empty = message({});

export const devicePluginOptions = message({
  preStartRequired: field(1, bool),
  getPreferredAllocationAvailable: field(2, bool),
});

export const registerRequest = message({
  version: field(1, string),
  /** Name of the plugin's socket beside the kubelet's. */
  endpoint: field(2, string),
  resourceName: field(3, string),
  options: field(4, embedded(devicePluginOptions)),
});

export const device = message({
  id: field(1, string),
  /** `Healthy` or `Unhealthy`. */
  health: field(2, string),
});

export const listAndWatchResponse = message({ devices: field(1, repeated(embedded(device))) });

export const allocateRequest = message({
  containerRequests: field(
    1,
    repeated(embedded(message({ deviceIds: field(1, repeated(string)) }))),
  ),
});

export const deviceSpec = message({
  containerPath: field(1, string),
  hostPath: field(2, string),
  /** Of `r`, `w` and `m`. */
  permissions: field(3, string),
});

const containerAllocateResponse = message({ devices: field(3, repeated(embedded(deviceSpec))) });

export const allocateResponse = message({
  containerResponses: field(1, repeated(embedded(containerAllocateResponse))),
});

/** Served by the kubelet. */
export const registrationService = serviceOf("v1beta1.Registration", {
  Register: { request: registerRequest, response: empty },
});

/** Served by a plugin. What is not here the kubelet calls only when the options say so. */
export const devicePluginService = serviceOf("v1beta1.DevicePlugin", {
  GetDevicePluginOptions: { request: empty, response: devicePluginOptions },
  ListAndWatch: { request: empty, response: listAndWatchResponse, isStream: true },
  Allocate: { request: allocateRequest, response: allocateResponse },
});
