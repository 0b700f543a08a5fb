// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { mapOf, text } from "../bounded.ts";

/** A uuid in its canonical, lower-case form. */
export const uuidSchema = text(1, 64).regex(
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  "write a uuid in lower case: 8, 4, 4, 4 and 12 hexadecimal digits with '-' between them",
);

/** Amounts by resource class (VCPU, MEMORY_MB, DISK_GB, …), as Placement counts them. */
export const resourcesSchema = mapOf(text(1, 255), z.int().min(0).max(2_147_483_647), 64);

export type Resources = z.output<typeof resourcesSchema>;

/**
 * What a guest sees of its machine. The agent of the first host fills it in at the first boot (the
 * canonical machine type, the CPU model); from then on it is kept over stop, start and moves.
 */
export const machineSchema = z.strictObject({
  type: text(0, 64).optional().describe("QEMU's canonical machine type, for example pc-q35-10.0."),
  cpuModel: text(0, 64).optional().describe("The CPU mode or model of the first boot."),
  virtType: z
    .enum(["kvm", "qemu"])
    .optional()
    .describe("The virtualization type of the first boot."),
  firmware: z.enum(["bios", "uefi"]).optional().describe("The firmware that the guest boots by."),
  guestImage: text(0, 255).optional().describe("The guest image that QEMU came from."),
  uid: z
    .int()
    .min(1)
    .max(2_147_483_647)
    .optional()
    .describe("The unprivileged user id of this server's processes, kept over moves."),
});

export type Machine = z.output<typeof machineSchema>;
