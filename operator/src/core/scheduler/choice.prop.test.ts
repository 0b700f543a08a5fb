// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostStates, schedulerSettings, scheduleRequest } from "../../testing/scheduler-worlds.ts";
import { leastNumberOf } from "./aggregates.ts";
import { testOf } from "./filter.ts";
import { filters } from "./filters/index.ts";
import type { HostState } from "./host-state.ts";
import type { ScheduleRequest } from "./request.ts";
import { choose } from "./schedule.ts";
import type { SchedulerSettings } from "./settings.ts";
import type { Weigher } from "./weigher.ts";
import { weighers } from "./weighers/index.ts";

/** Names change places by rotation; whoever refers to hosts by name follows. */
function renamed(
  hosts: readonly HostState[],
  request: ScheduleRequest,
): { hosts: HostState[]; request: ScheduleRequest } {
  const nameAt = new Map(hosts.map(({ name }, at) => [name, `other-${(at * 5) % 8}-${at}`]));
  const newName = (name: string): string => nameAt.get(name) ?? name;
  const { group } = request;
  return {
    hosts: hosts.map((host) => ({ ...host, name: newName(host.name) })),
    request: {
      ...request,
      refusedHosts: request.refusedHosts.map(newName),
      ...(group !== undefined && {
        group: {
          ...group,
          members: new Map([...group.members].map(([name, count]) => [newName(name), count])),
        },
      }),
    },
  };
}

function bestScore(
  request: ScheduleRequest,
  hosts: readonly HostState[],
  settings: SchedulerSettings,
): number | undefined {
  const { best, weights } = choose(request, hosts, settings);
  return best === undefined ? undefined : weights.scores[best];
}

/** The definition, word for word: one weigher and one host after the other, nothing kept. */
function definedScore(
  host: HostState,
  fitting: readonly HostState[],
  request: ScheduleRequest,
  settings: SchedulerSettings,
): number {
  if (fitting.length < 2) return 0;
  const weightBy = (weigher: Weigher): number => {
    const measure = weigher.weigh ?? weigher.measureFor(request, settings) ?? (() => 0);
    const raw = fitting.map((one) => measure(one));
    const min = weigher.floor ?? Math.min(...raw);
    const span = Math.max(min, ...raw) - min;
    const normalised = span === 0 ? 0 : (Math.max(measure(host), min) - min) / span;
    const multiplier =
      leastNumberOf(host, weigher.multiplierKey) ??
      settings.multipliers?.[weigher.name] ??
      weigher.defaultMultiplier;
    return normalised * multiplier * (weigher.isAdverse === true ? -1 : 1);
  };
  return weighers.reduce((sum, weigher) => sum + weightBy(weigher), 0);
}

const runs = { numRuns: 500 };

describe("a choice", () => {
  test("is a host that passes every filter by itself, and none of those has a higher score", () => {
    fc.assert(
      fc.property(hostStates, scheduleRequest, schedulerSettings, (hosts, request, settings) => {
        const tests = filters.map((filter) => testOf([filter], request, settings));
        const fitting = hosts.filter((host) => tests.every((one) => one(host) === true));
        const choice = choose(request, hosts, settings);
        expect(choice.fitting).toEqual(fitting);
        expect(choice.excluded).toHaveLength(hosts.length - fitting.length);
        const scores = fitting.map((host) => definedScore(host, fitting, request, settings));
        for (const [index, score] of scores.entries()) {
          expect(choice.weights.scores[index]).toBeCloseTo(score, 9);
        }
        expect(choice.best === undefined).toBe(fitting.length === 0);
        if (choice.best === undefined) return;
        expect(scores[choice.best]).toBeCloseTo(Math.max(...scores), 9);
      }),
      runs,
    );
  });

  test("has weights that add up to its score", () => {
    fc.assert(
      fc.property(hostStates, scheduleRequest, schedulerSettings, (hosts, request, settings) => {
        const { fitting, weights } = choose(request, hosts, settings);
        for (const index of fitting.keys()) {
          const parts = Object.values(weights.weightsAt(index));
          const sum = parts.reduce((one, other) => one + other, 0);
          expect(weights.scores[index]).toBeCloseTo(sum, 9);
        }
      }),
      runs,
    );
  });

  test("has the same score in whatever order and by whatever names hosts are listed", () => {
    fc.assert(
      fc.property(hostStates, scheduleRequest, schedulerSettings, (hosts, request, settings) => {
        const score = bestScore(request, hosts, settings);
        const close = score === undefined ? undefined : expect.closeTo(score, 9);
        expect(bestScore(request, hosts.toReversed(), settings)).toEqual(close);
        const other = renamed(hosts, request);
        expect(bestScore(other.request, other.hosts, settings)).toEqual(close);
      }),
      runs,
    );
  });

  test("does not depend on what was decided before, about these hosts or those that they were", () => {
    const sequence = fc.array(
      fc.record({ request: scheduleRequest, settings: schedulerSettings, at: fc.nat(7) }),
      { minLength: 2, maxLength: 6 },
    );
    fc.assert(
      fc.property(hostStates, hostStates, sequence, (first, others, decisions) => {
        const hosts = [...first];
        const made = decisions.map(({ request, settings, at }) => {
          const snapshot = [...hosts];
          const choice = choose(request, hosts, settings);
          const { name } = hosts[at] ?? {};
          const other = others[at];
          if (name !== undefined && other !== undefined) hosts[at] = { ...other, name };
          return { request, settings, snapshot, choice };
        });
        for (const { request, settings, snapshot, choice } of made) {
          const causeOf = testOf(filters, request, settings);
          const verdicts = snapshot.map((host) => ({ host, cause: causeOf(host) }));
          expect(choice.excluded).toEqual(verdicts.filter(({ cause }) => cause !== true));
          const { fitting, weights } = choice;
          for (const [index, host] of fitting.entries()) {
            const score = definedScore(host, fitting, request, settings);
            expect(weights.scores[index]).toBeCloseTo(score, 9);
          }
        }
      }),
      runs,
    );
  });

  test("can still be made when a host gets more of everything", () => {
    fc.assert(
      fc.property(hostStates, scheduleRequest, fc.nat(7), fc.nat(9), (hosts, request, at, more) => {
        const larger = hosts.map((host, index) => ({
          ...host,
          inventory: Object.fromEntries(
            Object.entries(host.inventory ?? {}).map(([name, one]) => [
              name,
              index === at ? { ...one, total: one.total + more, maxUnit: one.maxUnit + more } : one,
            ]),
          ),
        }));
        if (choose(request, hosts).best === undefined) return;
        expect(choose(request, larger).best).toBeDefined();
      }),
      runs,
    );
  });
});
