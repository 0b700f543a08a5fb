// SPDX-License-Identifier: Apache-2.0
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";
import type { SchedulerSettings } from "./settings.ts";

/**
 * What is asked of each host in turn. Answers true, or why the host does not fit, as the predicate of a
 * sentence about one host (`is down`). Hosts are counted by it, so it must not name the host.
 */
export type HostTest = (host: HostState) => true | string;

/** What one decision asks of hosts by one filter. */
export interface Question {
  readonly test: HostTest;
  /** A host that does not change gives the same answer to every question of this key; absent: it may not. */
  readonly key?: string;
}

interface FilterFacts {
  readonly name: string;
  /** Nova's filter that it stands for. */
  readonly source: string;
  /** Which hosts pass, for people. */
  readonly about: string;
  /** Where it departs from Nova. */
  readonly differs?: string;
}

/** Decides which hosts may be chosen at all. */
export interface Filter extends FilterFacts {
  /** Prepared once for a decision; undefined when every host would pass. */
  questionFor(request: ScheduleRequest, settings: SchedulerSettings): Question | undefined;
}

interface FilterDefinition<Asked> extends FilterFacts {
  /** All that the test looks at beside the host: plain data. Undefined when every host would pass. */
  readonly asks: (request: ScheduleRequest, settings: SchedulerSettings) => Asked | undefined;
  readonly testFor: (asked: Asked) => HostTest;
}

/**
 * Declares a filter that looks at the host and at what many servers have in common. What a host answered
 * is not asked again before the host changes.
 */
export function defineFilter<Asked>({ asks, testFor, ...facts }: FilterDefinition<Asked>): Filter {
  return {
    ...facts,
    questionFor(request, settings) {
      const asked = asks(request, settings);
      if (asked === undefined) return undefined;
      return { test: testFor(asked), key: `${facts.name} ${JSON.stringify(asked)}` };
    },
  };
}

interface ServerFilterDefinition extends FilterFacts {
  /** Undefined when every host would pass. */
  readonly testFor: (request: ScheduleRequest) => HostTest | undefined;
}

/** Declares a filter that looks at what no other server has: every host is asked every time. */
export function defineServerFilter({ testFor, ...facts }: ServerFilterDefinition): Filter {
  return {
    ...facts,
    questionFor(request) {
      const test = testFor(request);
      return test && { test };
    },
  };
}

/** What a decision asks by these filters, in their order. */
export function questionsOf(
  filters: readonly Filter[],
  request: ScheduleRequest,
  settings: SchedulerSettings,
): Question[] {
  return filters.flatMap((filter) => filter.questionFor(request, settings) ?? []);
}

/** The tests of those filters that this decision asks for, as one: the first that a host fails counts. */
export function testOf(
  filters: readonly Filter[],
  request: ScheduleRequest,
  settings: SchedulerSettings,
): HostTest {
  const questions = questionsOf(filters, request, settings);
  return (host) => {
    for (const { test } of questions) {
      const verdict = test(host);
      if (verdict !== true) return verdict;
    }
    return true;
  };
}
