// SPDX-License-Identifier: Apache-2.0
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";
import type { SchedulerSettings } from "./settings.ts";

/** What is asked of each host in turn. */
export type HostTest = (host: HostState) => true | string;

/** Decides which hosts may be chosen at all. */
export interface Filter {
  readonly name: string;
  /** Nova's filter that it stands for. */
  readonly source: string;
  /**
   * The test that this decision puts to every host, prepared once; undefined when every host would pass.
   * A test answers true, or why the host does not fit, as the predicate of a sentence about one host
   * (`is down`). Hosts are counted by it, so it must not name the host.
   */
  testFor(request: ScheduleRequest, settings: SchedulerSettings): HostTest | undefined;
}

/** Declares a filter. */
export function defineFilter(filter: Filter): Filter {
  return filter;
}

/** The tests of those filters that this decision asks for, as one: the first that a host fails counts. */
export function testOf(
  filters: readonly Filter[],
  request: ScheduleRequest,
  settings: SchedulerSettings,
): HostTest {
  const tests = filters.flatMap((filter) => filter.testFor(request, settings) ?? []);
  return (host) => {
    for (const test of tests) {
      const verdict = test(host);
      if (verdict !== true) return verdict;
    }
    return true;
  };
}
