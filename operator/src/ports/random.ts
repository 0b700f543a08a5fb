// SPDX-License-Identifier: Apache-2.0
/** Chance: jitter and identifiers. The simulator's is seeded. */
export interface Random {
  /** A number in [0, 1). */
  fraction(): number;
  /** A version 4 uuid, lower case. */
  uuid(): string;
}
