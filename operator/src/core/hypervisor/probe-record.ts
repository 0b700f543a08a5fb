// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";

const result = z.strictObject({ isProven: z.boolean(), message: z.string().max(500) });

const schema = z.strictObject({
  bootId: z.string().max(64),
  guestImage: z.string().max(255),
  kvm: result.optional(),
  qemu: result.optional(),
});

/**
 * How probe guests ended, kept on the node's disk. It holds for one boot of the node and one guest
 * image: another kernel, firmware or QEMU may behave otherwise.
 */
export type ProbeRecord = z.output<typeof schema>;

/** What the text says of this boot and image: nothing yet, if it is of another or cannot be read. */
export function parseProbeRecord(
  text: string | undefined,
  now: Pick<ProbeRecord, "bootId" | "guestImage">,
): ProbeRecord {
  const fresh = { bootId: now.bootId, guestImage: now.guestImage };
  try {
    const record = schema.parse(JSON.parse(text ?? ""));
    const isCurrent = record.bootId === now.bootId && record.guestImage === now.guestImage;
    return isCurrent ? record : fresh;
  } catch {
    return fresh;
  }
}

export function formatProbeRecord(record: ProbeRecord): string {
  return `${JSON.stringify(record)}\n`;
}
