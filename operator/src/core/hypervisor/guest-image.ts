// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";

/** Where a guest image keeps the record of what is in it. */
export const guestImageRecordPath = "/etc/kilonova/guest-image";

const schema = z.object({
  version: z.string().regex(/^[\w.+-]{1,64}$/),
  /** Changes with anything in the image. */
  content: z.string().regex(/^[\w.-]{1,128}$/),
});

/**
 * The name of a guest image by its own record, for example `0.1.0-7a86dcec911f5cce`: two images of one
 * name hold the same. Undefined when the text is no such record.
 */
export function guestImageName(record: string): string | undefined {
  try {
    const { version, content } = schema.parse(JSON.parse(record));
    return `${version}-${content}`;
  } catch {
    return undefined;
  }
}
