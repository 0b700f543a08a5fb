// SPDX-License-Identifier: Apache-2.0
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";
import type { SchedulerSettings } from "./settings.ts";

/** Decides which hosts may be chosen at all. */
export interface Filter {
  readonly name: string;
  /** Nova's filter that it stands for. */
  readonly source: string;
  /**
   * True, or why the host does not fit, as the predicate of a sentence about one host (`is down`). Hosts
   * are counted by it, so it must not name the host.
   */
  passes(host: HostState, request: ScheduleRequest, settings: SchedulerSettings): true | string;
}

/** Declares a filter. */
export function defineFilter(filter: Filter): Filter {
  return filter;
}
