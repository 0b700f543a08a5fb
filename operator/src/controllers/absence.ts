// SPDX-License-Identifier: Apache-2.0
import { NotFound } from "../ports/errors.ts";

/** The answer, or undefined when the object does not exist: an observation, not a failure. */
export async function ifPresent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
