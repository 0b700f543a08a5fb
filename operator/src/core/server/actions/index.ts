// SPDX-License-Identifier: Apache-2.0
import type { Action } from "../action.ts";
import { build } from "./build.ts";
import { remove } from "./delete.ts";
import { restart } from "./restart.ts";
import { start } from "./start.ts";
import { stop } from "./stop.ts";

/** The transition table: what a server can be asked for. Of several that are due, the first is begun. */
export const actions: readonly Action[] = [remove, build, stop, start, restart];
