// SPDX-License-Identifier: Apache-2.0
import type { Hypervisor, Image } from "../api/kinds.ts";
import { apiVersion } from "../api/define-kind.ts";
import type { KubeStore, Pod, ResourceObject, WatchEvent } from "../ports/kube.ts";

/** An API server under test, and what only its maker can do to it. */
export interface KubeStoreHost {
  readonly store: KubeStore;
  /** Makes a namespace that a pod can be created in. */
  createNamespace(name: string): Promise<void>;
  /** Lets time go by on the API server's clock. */
  elapse(seconds: number): Promise<void>;
  /** Makes sure that a watch from version 1 has expired. */
  forgetHistory(): Promise<void>;
  close(): Promise<void>;
}

export const writer = { fieldManager: "writer" };
export const otherWriter = { fieldManager: "other-writer" };

/** One host for all tests of a suite; every test has names of its own. */
export class KubeStoreWorld {
  host!: KubeStoreHost;
  #names = 0;

  get store(): KubeStore {
    return this.host.store;
  }

  /** A name that no other test uses. */
  name(prefix = "object"): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  /** A namespace that no other test uses. */
  async namespace(): Promise<string> {
    const name = this.name("namespace");
    await this.host.createNamespace(name);
    return name;
  }
}

/** A small namespaced object. */
export function image(namespace: string, name: string, metadata: object = {}): Image {
  return {
    apiVersion,
    kind: "Image",
    metadata: { namespace, name, ...metadata },
    spec: {
      source: { http: { url: "https://images.example/a", checksum: `sha256:${"0".repeat(64)}` } },
      format: "qcow2",
      minDiskGib: 1,
      minMemoryMib: 0,
    },
  };
}

/** A cluster-scoped object whose status has lists of both kinds. */
export function hypervisor(name: string): Hypervisor {
  return {
    apiVersion,
    kind: "Hypervisor",
    metadata: { name },
    spec: { isDisabled: false, virtType: "auto" },
  };
}

export function pod(namespace: string, name: string, spec: object = {}): Pod {
  const containers = [{ name: "main", image: "registry.example/main" }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name },
    spec: { automountServiceAccountToken: false, containers, ...spec },
  };
}

/** A condition of a status. */
export function condition(type: "Up" | "VirtTypeProven", status: "True" | "False") {
  const lastTransitionTime = "2026-01-01T00:00:00Z";
  return { type, status, reason: "AsDesired", message: "As desired.", lastTransitionTime };
}

/** The first `count` changes that a watch tells. */
export async function take<T extends ResourceObject>(
  events: AsyncIterable<WatchEvent<T>>,
  count: number,
): Promise<{ readonly type: string; readonly object: T }[]> {
  const taken: { readonly type: string; readonly object: T }[] = [];
  for await (const event of events) {
    if (event.type === "BOOKMARK") continue;
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

/** The error that a call throws. */
export async function errorOf(act: Promise<unknown>): Promise<unknown> {
  try {
    await act;
  } catch (error) {
    return error;
  }
  throw new Error("it should have failed");
}
