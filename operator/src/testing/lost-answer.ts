// SPDX-License-Identifier: Apache-2.0
import { TimedOut } from "../ports/errors.ts";

/** A process that lives on, but to which one answer of its ports, the effect of which happened, is lost. */
export class LostAnswer {
  readonly #lostCall: number;
  calls = 0;

  /** @param lostCall the number of the call, from 1. */
  constructor(lostCall: number) {
    this.#lostCall = lostCall;
  }

  /** The port as this process sees it. Counts asynchronous methods. */
  mortal<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => this.#pass(member.apply(target, args));
      },
    });
  }

  #pass(result: unknown): unknown {
    if (!(result instanceof Promise)) return result;
    this.calls += 1;
    return this.calls === this.#lostCall ? result.then(lose) : result;
  }
}

function lose(): never {
  throw new TimedOut("no answer");
}
