// SPDX-License-Identifier: Apache-2.0
import type { KubeObject } from "../api/define-kind.ts";
import { fieldManager } from "../api/names.ts";
import { isEqual } from "../core/lib/equal.ts";
import type { ApplyObject, ResourceType } from "../ports/kube.ts";
import type { Context } from "./fleet.ts";

const options = { fieldManager: fieldManager.operator, subresource: "status" } as const;

/** Writes statuses that one controller owns as a whole, each only when it says something new. */
export class StatusWriter<T extends KubeObject> {
  readonly #context: Pick<Context, "kube">;
  readonly #type: ResourceType<T>;
  /** The last status that was written over which version: the watch tells of it late. */
  readonly #written = new Map<string, { readonly over: string | undefined; status: unknown }>();

  constructor(context: Pick<Context, "kube">, type: ResourceType<T>) {
    this.#context = context;
    this.#type = type;
  }

  /** Whether it was written. `cached` is the object as the cache has it. */
  async write(
    key: string,
    cached: T,
    object: ApplyObject & { readonly status: unknown },
  ): Promise<boolean> {
    const last = this.#written.get(key);
    const isStale = last !== undefined && last.over === cached.metadata.resourceVersion;
    if (isEqual(isStale ? last.status : cached.status, object.status)) return false;
    await this.#context.kube.apply(this.#type, object, options);
    this.#written.set(key, { over: cached.metadata.resourceVersion, status: object.status });
    return true;
  }

  /** The object is gone. */
  forget(key: string): void {
    this.#written.delete(key);
  }
}
