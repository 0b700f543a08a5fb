// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { TimedOut, Unavailable } from "../ports/errors.ts";
import { resources } from "../ports/kube.ts";
import { FakeCluster } from "../testing/fake-cluster.ts";
import { interceptKube } from "../testing/intercepted-kube.ts";
import { OperatorProcess } from "../testing/operator-process.ts";

const reads: readonly string[] = ["get", "list", "watch"];

/**
 * What goes wrong at the operator's n-th write: the process dies before it, or lives on without its
 * answer. A death before a read leaves nothing else behind than one before the next write.
 */
type Mishap = "death" | "lost-answer";

/** Keeps an operator at work, to which a mishap happens once. */
class Fate {
  readonly #cluster: FakeCluster;
  readonly #mishap: Mishap;
  readonly #atWrite: number;
  #writes = 0;
  #process: { isDead: boolean; operator?: OperatorProcess } | undefined;

  constructor(cluster: FakeCluster, mishap: Mishap, atWrite: number) {
    this.#cluster = cluster;
    this.#mishap = mishap;
    this.#atWrite = atWrite;
  }

  get hasStruck(): boolean {
    return this.#writes >= this.#atWrite;
  }

  /** A new operator, unless one is at work. */
  keepRunning(): void {
    if (this.#process?.isDead === false) return;
    const own: { isDead: boolean; operator?: OperatorProcess } = { isDead: false };
    this.#process = own;
    const isTurn = (verb: string): boolean => {
      if (reads.includes(verb)) return false;
      this.#writes += 1;
      return this.#writes === this.#atWrite;
    };
    const kube = interceptKube(this.#cluster.kube, {
      before: ({ verb }) => {
        if (this.#mishap === "death" && !own.isDead && isTurn(verb)) own.isDead = true;
        if (!own.isDead) return;
        own.operator?.kill();
        throw new Unavailable("the process is dead");
      },
      after: ({ verb }) => {
        if (this.#mishap !== "lost-answer" || !isTurn(verb)) return;
        throw new TimedOut("the answer is lost");
      },
    });
    const { clock, random } = this.#cluster;
    own.operator = new OperatorProcess({ clock, random, kube });
    if (own.isDead) own.operator.kill();
  }

  async stop(): Promise<void> {
    await this.#process?.operator?.stop();
  }
}

describe("a server's life ends as it should", () => {
  /** A whole life. Returns whether the mishap happened in it. */
  async function live(mishap: Mishap, atWrite: number): Promise<boolean> {
    const cluster = new FakeCluster({ hosts: ["node-1"], stepMs: 1000 });
    const fate = new Fate(cluster, mishap, atWrite);
    await cluster.prepare();
    let uid: string | undefined;
    const until = (what: string, holds: () => Promise<boolean>): Promise<void> =>
      cluster.until(what, async () => {
        fate.keepRunning();
        expect(cluster.domainsOf(uid)).toBeLessThanOrEqual(1);
        return holds();
      });
    const untilPhase = (wanted: string): Promise<void> =>
      until(wanted, () => cluster.isSettled(wanted));
    uid = (await cluster.createServer()).metadata.uid;
    await untilPhase("ACTIVE");
    await cluster.patchServer({ powerState: "Stopped" });
    await untilPhase("SHUTOFF");
    await cluster.patchServer({ powerState: "Running" });
    await untilPhase("ACTIVE");
    expect((await cluster.server())?.status?.run).toMatchObject({ token: 1, state: "Granted" });
    expect(cluster.diskCount).toBe(1);
    await cluster.deleteServer();
    await until("gone", async () => (await cluster.server()) === undefined);
    expect(await cluster.list(resources.guests)).toEqual([]);
    expect(cluster.diskCount).toBe(0);
    await fate.stop();
    return fate.hasStruck;
  }

  /** Every write has its turn; the last life is the one to which nothing happened any more. */
  test.each(["death", "lost-answer"] as const)(
    "whatever write of its operator meets a %s",
    async (mishap) => {
      let atWrite = 1;
      while (await live(mishap, atWrite)) atWrite += 1;
      expect(atWrite).toBeGreaterThan(20);
    },
    60_000,
  );
});
