// SPDX-License-Identifier: Apache-2.0
/** Throws when something does not hold that the code itself guarantees: never for what users can cause. */
export function assert(holds: boolean, guarantee: string): asserts holds {
  if (!holds) throw new Error(`bug: ${guarantee}`);
}
