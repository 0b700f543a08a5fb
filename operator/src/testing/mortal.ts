// SPDX-License-Identifier: Apache-2.0

/** The process was killed: nothing that it still does has an effect. */
export class Killed extends Error {
  override readonly name = "Killed";
}

/**
 * The life of a process that is killed after so many calls of its ports: the last one has its effect,
 * but the process never learns of it. Ports that the test looks through itself stay as they are.
 */
export class Life {
  readonly #callsMax: number;
  /** Calls so far; of a life that is long enough this is how many moments there are to be killed at. */
  calls = 0;

  constructor(callsMax = Number.POSITIVE_INFINITY) {
    this.#callsMax = callsMax;
  }

  /** Whether the process was killed. */
  get isOver(): boolean {
    return this.calls >= this.#callsMax;
  }

  /** The port as this process sees it. Counts asynchronous methods. */
  mortal<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => this.#live(() => member.apply(target, args));
      },
    });
  }

  #live(call: () => unknown): unknown {
    if (this.isOver) throw new Killed();
    const result = call();
    if (!(result instanceof Promise)) return result;
    this.calls += 1;
    if (!this.isOver) return result;
    return result.then(die, die);
  }
}

function die(): never {
  throw new Killed();
}
