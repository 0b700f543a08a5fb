// SPDX-License-Identifier: Apache-2.0
/** How the kubelet learns of a plugin that it found by its socket: pluginregistration v1. */
import { bool, field, message, repeated, string } from "./protobuf.ts";
import { serviceOf } from "./service.ts";

export const pluginInfo = message({
  /** `CSIPlugin`, for a CSI driver. */
  type: field(1, string),
  name: field(2, string),
  /** Path of the socket that the plugin itself is served on. */
  endpoint: field(3, string),
  supportedVersions: field(4, repeated(string)),
});

export const registrationStatus = message({
  pluginRegistered: field(1, bool),
  error: field(2, string),
});

export const pluginRegistrationService = serviceOf("pluginregistration.Registration", {
  GetInfo: { request: message({}), response: pluginInfo },
  NotifyRegistrationStatus: { request: registrationStatus, response: message({}) },
});
