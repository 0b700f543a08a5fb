// SPDX-License-Identifier: Apache-2.0

/** The processes of the node, whatever container they are in. */
export interface Processes {
  /** Whether a QEMU of this user runs. Throws PortError `ProcessesUnreadable`. */
  hasQemu(uid: number): Promise<boolean>;
}
