// SPDX-License-Identifier: Apache-2.0
import type { Happening } from "../happening.ts";
import { createServer } from "./create-server.ts";
import { deleteServer } from "./delete-server.ts";
import { togglePower } from "./toggle-power.ts";

/** What people and guests do in the ordinary life of a cluster. */
export const acts: readonly Happening[] = [createServer, deleteServer, togglePower];
