// SPDX-License-Identifier: Apache-2.0
import { PortError } from "../../ports/errors.ts";

/** Does something with files. What the system says against it is thrown as PortError `FileFailed`. */
export async function attemptOnFiles<T>(effect: () => Promise<T>): Promise<T> {
  try {
    return await effect();
  } catch (cause) {
    if (cause instanceof PortError) throw cause;
    throw new PortError("FileFailed", (cause as Error).message, { cause });
  }
}
