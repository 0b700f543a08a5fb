// SPDX-License-Identifier: Apache-2.0
import type { Devices } from "../ports/devices.ts";
import { PortError } from "../ports/errors.ts";

/** Device files by path: the host's, and copies of them. */
export class FakeDevices implements Devices {
  readonly host: Set<string>;
  /** Which device each copy is of. */
  readonly copies = new Map<string, string>();

  constructor(host: readonly string[]) {
    this.host = new Set(host);
  }

  async exists(hostPath: string): Promise<boolean> {
    return this.host.has(hostPath);
  }

  async copy(hostPath: string, path: string): Promise<void> {
    if (!this.host.has(hostPath)) throw new PortError("DeviceFailed", `${hostPath} is not there`);
    this.copies.set(path, hostPath);
  }
}
