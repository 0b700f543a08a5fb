// SPDX-License-Identifier: Apache-2.0
import { deviceResource } from "../../api/names.ts";

/** A device of the host that server pods may ask the kubelet for. */
export interface OfferedDevice {
  readonly resource: string;
  readonly hostPath: string;
  /** Of the agent's own device file. */
  readonly name: string;
}

/** The host's KVM, as it is given to server pods and probe guests. Whether it works is probed. */
export const kvmDevice: OfferedDevice = {
  resource: deviceResource.kvm,
  hostPath: "/dev/kvm",
  name: "kvm",
};

/** By which QEMU opens the taps that the agent made for its user, and no others. */
export const tunDevice: OfferedDevice = {
  resource: deviceResource.tun,
  hostPath: "/dev/net/tun",
  name: "tun",
};
