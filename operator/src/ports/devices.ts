// SPDX-License-Identifier: Apache-2.0

/** Device files of the host, and the agent's own ones that server pods are given. */
export interface Devices {
  /** Whether the host has a character device of this path now. */
  exists(hostPath: string): Promise<boolean>;
  /**
   * Makes `path` a device file for the same device as `hostPath`, which every user may read and
   * write: the host's own may be root's alone. Safe to call again. Throws PortError `DeviceFailed`.
   */
  copy(hostPath: string, path: string): Promise<void>;
}
