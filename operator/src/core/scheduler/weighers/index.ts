// SPDX-License-Identifier: Apache-2.0
import type { Weigher } from "../weigher.ts";
import { cpu } from "./cpu.ts";
import { disk } from "./disk.ts";
import { ram } from "./ram.ts";

/** Every weigher; their values add up. */
export const weighers: readonly Weigher[] = [ram, cpu, disk];
