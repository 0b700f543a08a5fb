// SPDX-License-Identifier: Apache-2.0
import type { Invariant } from "./invariant.ts";
import { oneExecution } from "./one-execution.ts";
import { serversSettle } from "./servers-settle.ts";

/** What must hold in every world, the most telling first. */
export const invariants: readonly Invariant[] = [oneExecution, serversSettle];
