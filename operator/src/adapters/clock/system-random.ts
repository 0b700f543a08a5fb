// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import type { Random } from "../../ports/random.ts";

/** Chance from the machine. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  uuid: () => randomUUID(),
};
