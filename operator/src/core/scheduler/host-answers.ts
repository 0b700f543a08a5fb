// SPDX-License-Identifier: Apache-2.0
import type { HostTest, Question } from "./filter.ts";
import type { HostState } from "./host-state.ts";

/** Bound of memory: one byte for each host and each of these. */
const questionsMax = 512;

const unknown = 0;
const passes = 1;
const firstCause = 2;
/** A question with more different answers than this is asked again where they are others. */
const causesMax = 254;

/** What hosts answered to one question, by their places in the list. */
interface Answers {
  /** `unknown`, `passes`, or the place of a cause plus `firstCause`. */
  readonly codes: Uint8Array;
  readonly causes: string[];
}

/**
 * What hosts answered, kept from decision to decision. Hosts are never changed, only replaced: where the
 * same object stands, its answers still hold. So a decision costs what has changed since one like it.
 */
export class HostAnswers {
  #hosts: readonly HostState[] = [];
  /** The least recently asked first. */
  readonly #known = new Map<string, Answers>();

  /** The questions as one: the first that a host, at its place in the list, fails counts. */
  testOf(
    hosts: readonly HostState[],
    questions: readonly Question[],
  ): (host: HostState, place: number) => true | string {
    this.#update(hosts);
    const asked = questions.map(({ key, test }) => ({ test, answers: this.#answersTo(key) }));
    return (host, place) => {
      for (const { test, answers } of asked) {
        if (answers?.codes[place] === passes) continue;
        const verdict = answers === undefined ? test(host) : learn(host, place, test, answers);
        if (verdict !== true) return verdict;
      }
      return true;
    };
  }

  #update(hosts: readonly HostState[]): void {
    const before = this.#hosts;
    this.#hosts = [...hosts];
    if (before.length !== hosts.length) return this.#known.clear();
    for (let place = 0; place < hosts.length; place += 1) {
      if (hosts[place] === before[place]) continue;
      for (const { codes } of this.#known.values()) codes[place] = unknown;
    }
  }

  #answersTo(key: string | undefined): Answers | undefined {
    if (key === undefined) return undefined;
    const codes = new Uint8Array(this.#hosts.length);
    const answers = this.#known.get(key) ?? { codes, causes: [] };
    this.#known.delete(key);
    this.#known.set(key, answers);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= questionsMax) break;
      this.#known.delete(oldest);
    }
    return answers;
  }
}

function learn(
  host: HostState,
  place: number,
  test: HostTest,
  { codes, causes }: Answers,
): true | string {
  const known = causes[(codes[place] ?? unknown) - firstCause];
  if (known !== undefined) return known;
  const verdict = test(host);
  codes[place] = codeOf(verdict, causes);
  return verdict;
}

function codeOf(verdict: true | string, causes: string[]): number {
  if (verdict === true) return passes;
  const known = causes.indexOf(verdict);
  if (known !== -1) return known + firstCause;
  if (causes.length >= causesMax) return unknown;
  return causes.push(verdict) - 1 + firstCause;
}
