// SPDX-License-Identifier: Apache-2.0
/** The guest's side of the story, told by its serial console. */
import type { World } from "./world.ts";
import { until } from "./wait.ts";

export interface GuestConsole {
  /** All that `kubectl logs` of the server pod shows. */
  read(): Promise<string>;
  /** Waits for the `count`th line that matches in the current pod's log. */
  until(pattern: RegExp, options?: { timeoutSeconds?: number; count?: number }): Promise<string>;
  /** Types a request of the test guest into the serial console. */
  tell(request: string): Promise<void>;
  /** Types a request of the test guest into the serial console and returns the guest's answer. */
  ask(request: string, timeoutSeconds?: number): Promise<string>;
}

export function consoleOf(world: World, namespace: string, pod: string): GuestConsole {
  const read = async (): Promise<string> =>
    (await world.cluster.kubectl(["logs", "-n", namespace, pod])).stdout;
  const tell = async (request: string): Promise<void> => {
    await world.cluster.kubectl(["exec", "-i", "-n", namespace, pod, "--", "console"], {
      stdin: `${request}\n`,
    });
  };
  return {
    read,
    tell,
    until: (pattern, { timeoutSeconds = 60, count = 1 } = {}) =>
      until(
        `console of ${pod}: ${String(pattern)} × ${count}`,
        async () => {
          const lines = (await read()).split(/\r?\n/).filter((line) => pattern.test(line));
          return lines[count - 1];
        },
        { timeoutSeconds, intervalMs: 300 },
      ),
    async ask(request, timeoutSeconds = 20) {
      const before = answersIn(await read()).length;
      await tell(request);
      return until(
        `answer to ${request} on the console of ${pod}`,
        async () => answersIn(await read())[before],
        { timeoutSeconds, intervalMs: 300 },
      );
    },
  };
}

function answersIn(log: string): string[] {
  return [...log.matchAll(/KILONOVA-GUEST answer ([^\r\n]*)/g)].map((match) => match[1] ?? "");
}
