// SPDX-License-Identifier: Apache-2.0
import { PortError, TimedOut, Unavailable } from "../../../ports/errors.ts";
import type {
  KubeStore,
  ResourceObject,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from "../../../ports/kube.ts";
import { keyOf } from "../../../platform/object-key.ts";
import type { Identity } from "../../access/identities.ts";
import { FakeKube } from "../../fake-kube.ts";
import type { Link } from "./link.ts";
import { type Physics, SimProcess } from "./process.ts";
import type { Chance } from "./streams.ts";

type Verb = keyof KubeStore;

/** A request as the API server sees it. */
export interface ApiRequest {
  /** Name of the process. */
  readonly actor: string;
  readonly verb: Verb;
  readonly kind: string;
  /** Of one object; empty for list and watch. */
  readonly key: string;
  readonly subresource: "" | "status";
}

/** A write that was accepted, with what is stored now; undefined after a deletion. */
export interface ApiWrite extends ApiRequest {
  readonly object: ResourceObject | undefined;
}

interface Watcher {
  readonly kube: KubeStore;
  readonly process: SimProcess;
  readonly link: Link;
  readonly signal: AbortSignal;
}

const requestTimeoutMs = 30_000;
const reads: readonly Verb[] = ["get", "list", "watch"];

/** The API server of a world, and the ways of its clients to it. */
export class Api {
  readonly kube: FakeKube;
  readonly #physics: Physics;
  readonly #chance: Chance;
  readonly #listeners: ((write: ApiWrite) => void)[] = [];
  readonly #kindLagMs = new Map<string, number>();
  /** It refuses connections. */
  isAway = false;
  /** What it answers a request instead of doing it. */
  fault: (request: ApiRequest) => PortError | undefined = () => undefined;

  constructor(physics: Physics) {
    this.#physics = physics;
    this.#chance = physics.streams.of("api");
    const own = new SimProcess("kube-apiserver", physics);
    this.kube = new FakeKube({ clock: own.clock, random: own.random });
  }

  /** Calls `listener` after each write that was accepted from a process. */
  onWrite(listener: (write: ApiWrite) => void): void {
    this.#listeners.push(listener);
  }

  /** Lets changes of one kind reach their watches later than those of others. */
  lag(kind: string, ms: number): void {
    this.#kindLagMs.set(kind, ms);
  }

  /** Ends every fault of the API server. */
  heal(): void {
    this.isAway = false;
    this.fault = () => undefined;
    this.#kindLagMs.clear();
    this.kube.watchLagMs = 0;
  }

  /** The API server as a process sees it that has an identity and stands behind a link. */
  connect(process: SimProcess, link: Link, identity: Identity): KubeStore {
    const kube = this.kube.as(identity);
    const ask = <R>(
      request: Omit<ApiRequest, "actor" | "subresource"> & Partial<ApiRequest>,
      act: () => Promise<R>,
    ): Promise<R> =>
      this.#ask(process, link, { subresource: "", ...request, actor: process.name }, act);
    return {
      get: (type, ref) =>
        ask({ verb: "get", kind: type.kind, key: keyOf(ref) }, () => kube.get(type, ref)),
      list: (type, options) =>
        ask({ verb: "list", kind: type.kind, key: "" }, () => kube.list(type, options)),
      watch: (type, options, signal) => this.#watch(type, options, { kube, process, link, signal }),
      create: (type, object, options) =>
        ask({ verb: "create", kind: type.kind, key: keyOf(object) }, () =>
          kube.create(type, object, options),
        ),
      update: (type, object, options) =>
        ask({ verb: "update", kind: type.kind, key: keyOf(object) }, () =>
          kube.update(type, object, options),
        ),
      updateStatus: (type, object, options) =>
        ask(
          { verb: "updateStatus", kind: type.kind, key: keyOf(object), subresource: "status" },
          () => kube.updateStatus(type, object, options),
        ),
      apply: (type, object, options) =>
        ask(
          {
            verb: "apply",
            kind: type.kind,
            key: keyOf(object.metadata),
            subresource: options.subresource ?? "",
          },
          () => kube.apply(type, object, options),
        ),
      patch: (type, ref, patch, options) =>
        ask({ verb: "patch", kind: type.kind, key: keyOf(ref) }, () =>
          kube.patch(type, ref, patch, options),
        ),
      delete: (type, ref, options) =>
        ask({ verb: "delete", kind: type.kind, key: keyOf(ref) }, () =>
          kube.delete(type, ref, options),
        ),
    };
  }

  /** A request that is on its way takes effect whatever becomes of the process that sent it. */
  #ask<R>(process: SimProcess, link: Link, request: ApiRequest, act: () => Promise<R>): Promise<R> {
    const { timeline } = this.#physics;
    const call = `kube.${request.verb} ${request.kind}`;
    const sentMs = timeline.nowMs;
    return new Promise((resolve, reject) => {
      const answer = (deliver: () => void): void => {
        timeline.after(this.#wayMs(link), () => {
          if (!link.isCut && !this.#chance.isLucky(link.lossShare)) return process.reach(deliver);
          const left = sentMs + requestTimeoutMs - timeline.nowMs;
          timeline.after(left, () => process.reach(() => reject(noAnswer())));
        });
      };
      const arrive = async (): Promise<void> => {
        if (link.isCut) return answer(() => reject(noAnswer()));
        try {
          const result = await this.#perform(request, act);
          process.meets(call, "after");
          answer(() => resolve(result));
        } catch (error) {
          answer(() => reject(error));
        }
      };
      process.reach(() => {
        if (!process.meets(call, "before")) return;
        timeline.after(this.#wayMs(link), () => void arrive());
      });
    });
  }

  async #perform<R>(request: ApiRequest, act: () => Promise<R>): Promise<R> {
    const { actor, verb, kind, key, subresource } = request;
    const words = [verb, kind, key, subresource].filter((word) => word !== "").join(" ");
    const fault = this.isAway ? new Unavailable("connection refused") : this.fault(request);
    try {
      if (fault !== undefined) throw fault;
      const result = await act();
      this.#physics.trace.add(actor, `${words} -> ${seen(result)}`);
      if (!reads.includes(verb)) this.#told({ ...request, object: objectOf(result) });
      return result;
    } catch (error) {
      const reason = error instanceof PortError ? error.reason : String(error);
      this.#physics.trace.add(actor, `${words} -> ${reason}`);
      throw error;
    }
  }

  async *#watch<T extends ResourceObject>(
    type: ResourceType<T>,
    options: WatchOptions,
    { kube, process, link, signal }: Watcher,
  ): AsyncGenerator<WatchEvent<T>> {
    const ended = AbortSignal.any([signal, process.signal]);
    await this.#ask(
      process,
      link,
      { actor: process.name, verb: "watch", kind: type.kind, key: "", subresource: "" },
      async () => undefined,
    );
    for await (const event of kube.watch(type, options, ended)) {
      await this.#carry(type.kind, { process, link, ended });
      if (ended.aborted) return;
      yield event;
    }
    await link.passed(ended);
  }

  /** The way of one event to its watch. */
  #carry(
    kind: string,
    { process, link, ended }: { process: SimProcess; link: Link; ended: AbortSignal },
  ): Promise<void> {
    const delayMs = this.#wayMs(link) + (this.#kindLagMs.get(kind) ?? 0);
    return new Promise((resolve) => {
      const finish = (): void => {
        ended.removeEventListener("abort", finish);
        resolve();
      };
      ended.addEventListener("abort", finish, { once: true });
      this.#physics.timeline.after(delayMs, () => {
        void link.passed(ended).then(() => process.reach(finish));
      });
    });
  }

  #wayMs(link: Link): number {
    return this.#chance.whole(1, 8) + link.delayMs;
  }

  #told(write: ApiWrite): void {
    for (const listener of this.#listeners) listener(write);
  }
}

function noAnswer(): TimedOut {
  return new TimedOut(`the API server did not answer within ${requestTimeoutMs / 1000} s`);
}

function objectOf(result: unknown): ResourceObject | undefined {
  return result === undefined ? undefined : (result as ResourceObject);
}

/** What an answer shows, in a word. */
function seen(result: unknown): string {
  if (result === undefined) return "done";
  if (typeof result === "object" && result !== null && "items" in result) {
    return `${(result.items as readonly unknown[]).length} found`;
  }
  const { metadata, status } = result as ResourceObject & { status?: Record<string, unknown> };
  const facts = ["phase", "taskState", "domain", "boot", "state"]
    .map((name) => status?.[name])
    .filter((fact) => typeof fact === "string" || typeof fact === "number");
  return [`v${metadata.resourceVersion}`, ...facts].join(" ");
}
