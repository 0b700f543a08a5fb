// SPDX-License-Identifier: Apache-2.0
import type { Filter } from "../filter.ts";
import { capacity } from "./capacity.ts";
import { compute } from "./compute.ts";
import { retry } from "./retry.ts";

/** Every filter, in the order in which a host has to pass; the first that it fails names the cause. */
export const filters: readonly Filter[] = [compute, retry, capacity];
