// SPDX-License-Identifier: Apache-2.0
import type { Happening } from "../happening.ts";
import { agentCrash } from "./agent-crash.ts";

/** Everything that may go wrong. */
export const faults: readonly Happening[] = [agentCrash];
