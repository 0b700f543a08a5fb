// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { assert, describe, expect, test } from "vitest";
import type { Image } from "../api/kinds.ts";
import { NotFound, Unavailable } from "../ports/errors.ts";
import { type KubeStore, resources } from "../ports/kube.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeKube } from "../testing/fake-kube.ts";
import { FakeLogger } from "../testing/fake-logger.ts";
import { interceptKube } from "../testing/intercepted-kube.ts";
import { image, writer } from "../testing/kube-store-world.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { Informer } from "./informer.ts";

const { images } = resources;

/** After a failure. */
const longestWaitMs = 20_000;

/** What happens to the objects. */
const edits = ["put", "remove"] as const;
/** What happens to the informer's view of them. */
const faults = [
  "drop",
  "cut",
  "silence",
  "compact",
  "bookmark",
  "outage",
  "repair",
  "lag",
  "double",
  "backup",
  "restore",
] as const;

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom(...edits), name: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom(...faults) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(20_000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly clock = new FakeClock();
  readonly kube = new FakeKube({ clock: this.clock, random: new SeededRandom(1) });
  readonly stop = new AbortController();
  readonly informer: Informer<Image>;
  /** What somebody who only listens believes to be there. */
  readonly heard = new Map<string, Image>();
  #isOut = false;
  #isDoubling = false;
  #backup = this.kube.backup();
  #edits = 0;

  constructor(seed: number) {
    this.informer = new Informer<Image>({
      kube: this.#client(),
      type: images,
      clock: this.clock,
      random: new SeededRandom(seed),
      log: new FakeLogger(),
    });
    this.informer.onChange(({ key, old, current }) => {
      assert.deepEqual(this.heard.get(key), old);
      if (current === undefined) this.heard.delete(key);
      else this.heard.set(key, current);
    });
  }

  #client(): KubeStore {
    const client = interceptKube(this.kube, {
      before: () => {
        if (this.#isOut) throw new Unavailable("down");
      },
    });
    const isDoubling = (): boolean => this.#isDoubling;
    return {
      ...client,
      async *watch(type, options, signal) {
        for await (const event of client.watch(type, options, signal)) {
          yield event;
          if (isDoubling()) yield event;
        }
      },
    };
  }

  async play(next: Step): Promise<void> {
    if ("ms" in next) return this.clock.advance(next.ms);
    if ("name" in next) return this.#edit(next.kind, `object-${next.name}`);
    const act: Readonly<Record<(typeof faults)[number], () => unknown>> = {
      drop: () => this.kube.dropWatches(),
      cut: () => this.kube.dropWatches(new Unavailable("connection reset")),
      silence: () => this.kube.silenceWatches(),
      compact: () => this.kube.compact(),
      bookmark: () => this.kube.sendBookmarks(),
      outage: () => this.#fail(),
      repair: () => this.repair(),
      lag: () => (this.kube.watchLagMs = 700),
      double: () => (this.#isDoubling = true),
      backup: () => (this.#backup = this.kube.backup()),
      restore: () => this.#restore(),
    };
    await act[next.kind]();
    await this.clock.advance(0);
  }

  repair(): void {
    this.#isOut = false;
    this.#isDoubling = false;
    this.kube.watchLagMs = 0;
  }

  /** The API server is away meanwhile, and clients are back before much is written again. */
  async #restore(): Promise<void> {
    this.#fail();
    await this.clock.advance(1_000);
    this.kube.restore(this.#backup);
    this.repair();
    await this.clock.advance(longestWaitMs);
  }

  #fail(): void {
    this.#isOut = true;
    this.kube.dropWatches(new Unavailable("connection reset"));
  }

  async #edit(kind: "put" | "remove", name: string): Promise<void> {
    const ref = { namespace: "default", name };
    this.#edits += 1;
    const patch = { metadata: { labels: { edit: String(this.#edits) } } };
    try {
      if (kind === "remove") await this.kube.delete(images, ref);
      else await this.kube.patch(images, ref, patch, writer);
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      if (kind === "put") await this.kube.create(images, image("default", name), writer);
    }
  }
}

describe("whatever happens to watches, lists and the API server", () => {
  test("the cache, and what handlers heard, end equal to what is stored", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 60 }),
        fc.nat(),
        async (steps, seed) => {
          const world = new World(seed);
          const running = world.informer.run(world.stop.signal);
          for (const next of steps) await world.play(next);
          world.repair();
          // The longest watch and its silence.
          await world.clock.advance(360_000 + 15_000 + longestWaitMs);
          const { items } = await world.kube.list(images, { consistency: "quorum" });
          const keys = (objects: readonly Image[]): Image[] =>
            objects.toSorted((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
          expect(keys(world.informer.list())).toEqual(items);
          expect(keys([...world.heard.values()])).toEqual(items);
          world.stop.abort();
          await running;
          expect(world.clock.pending).toBe(0);
        },
      ),
      { numRuns: 100 },
    ));
});
