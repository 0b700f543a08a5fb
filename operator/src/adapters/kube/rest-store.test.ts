// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { Expired, Unavailable } from "../../ports/errors.ts";
import { resources, type WatchEvent } from "../../ports/kube.ts";
import { errorOf, pod, writer } from "../../testing/kube-store-world.ts";
import { RestStore } from "./rest-store.ts";
import type { Transport, TransportRequest } from "./transport.ts";

const { pods } = resources;

/** Answers from a list, and keeps what was asked. */
function answering(...answers: readonly unknown[]) {
  const requests: TransportRequest[] = [];
  const transport: Transport = {
    async request(request) {
      requests.push(request);
      return answers[requests.length - 1];
    },
    async *stream(request) {
      requests.push(request);
      for (const answer of answers) yield String(answer);
    },
  };
  return { store: new RestStore(transport), requests };
}

const page = (names: readonly string[], next: string) => ({
  metadata: { resourceVersion: "7", continue: next },
  items: names.map((name) => ({ metadata: { name, managedFields: [{ manager: "me" }] } })),
});

async function watch(...lines: readonly string[]): Promise<WatchEvent<unknown>[]> {
  const { store } = answering(...lines);
  const options = { resourceVersion: "1", timeoutSeconds: 60 };
  const events: WatchEvent<unknown>[] = [];
  for await (const event of store.watch(pods, options, new AbortController().signal)) {
    events.push(event);
  }
  return events;
}

describe("the REST store", () => {
  test("joins the pages of a list, and names the kind that lists leave out", async () => {
    const { store, requests } = answering(page(["a", "b"], "next"), page(["c"], ""));
    const options = { namespace: "tenant", labelSelector: "a=b", consistency: "quorum" } as const;
    const list = await store.list(pods, options);
    expect(list).toEqual({
      resourceVersion: "7",
      items: ["a", "b", "c"].map((name) => ({ apiVersion: "v1", kind: "Pod", metadata: { name } })),
    });
    expect(requests.map(({ path }) => path)).toEqual([
      "/api/v1/namespaces/tenant/pods?labelSelector=a%3Db&limit=500",
      "/api/v1/namespaces/tenant/pods?labelSelector=a%3Db&limit=500&continue=next",
    ]);
  });

  test("asks the watch cache when a cached list will do", async () => {
    const { store, requests } = answering(page([], ""));
    await store.list(pods, { consistency: "cached" });
    expect(requests[0]?.path).toBe("/api/v1/pods?limit=500&resourceVersion=0");
  });

  test("says who writes, and has unknown members refused", async () => {
    const made = { metadata: { name: "a" } };
    const { store, requests } = answering(made, made, made);
    await store.create(pods, pod("tenant", "a"), writer);
    await store.patch(pods, { namespace: "tenant", name: "a" }, { metadata: {} }, writer);
    const config = { apiVersion: "v1", kind: "Pod", metadata: { namespace: "tenant", name: "a" } };
    await store.apply(pods, config, { ...writer, subresource: "status" });
    expect(requests.map(({ method, path, body }) => [method, path, body?.contentType])).toEqual([
      [
        "POST",
        "/api/v1/namespaces/tenant/pods?fieldManager=writer&fieldValidation=Strict",
        "application/json",
      ],
      [
        "PATCH",
        "/api/v1/namespaces/tenant/pods/a?fieldManager=writer&fieldValidation=Strict",
        "application/merge-patch+json",
      ],
      [
        "PATCH",
        "/api/v1/namespaces/tenant/pods/a/status?fieldManager=writer&fieldValidation=Strict&force=true",
        "application/apply-patch+yaml",
      ],
    ]);
  });

  test("reads the events of a watch", async () => {
    const object = { metadata: { name: "a", resourceVersion: "8" } };
    const bookmark = { type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } };
    const lines = [JSON.stringify({ type: "ADDED", object }), JSON.stringify(bookmark)];
    expect(await watch(...lines)).toEqual([
      { type: "ADDED", object: { apiVersion: "v1", kind: "Pod", ...object } },
      { type: "BOOKMARK", resourceVersion: "9" },
    ]);
  });

  test("throws the error that a watch tells", async () => {
    const object = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
    const act = watch(JSON.stringify({ type: "ERROR", object }));
    expect(await errorOf(act)).toBeInstanceOf(Expired);
  });

  test.for([
    "{",
    "null",
    '{"type":"ADDED"}',
    '{"type":"ADDED","object":{"metadata":null}}',
    '{"type":"BOOKMARK","object":{"metadata":{}}}',
    '{"type":"RENAMED","object":{"metadata":{}}}',
  ])("does not trust a watch that tells %s", async (line) => {
    expect(await errorOf(watch(line))).toBeInstanceOf(Unavailable);
  });

  test.for([undefined, [], "text", {}, { metadata: 7 }])(
    "does not trust an answer that is %j",
    async (answer) => {
      const ref = { namespace: "tenant", name: "a" };
      expect(await errorOf(answering(answer).store.get(pods, ref))).toBeInstanceOf(Unavailable);
      const list = answering(answer).store.list(pods, { consistency: "quorum" });
      expect(await errorOf(list)).toBeInstanceOf(Unavailable);
    },
  );

  test("knows a bug of the caller", async () => {
    const { store, requests } = answering();
    const { namespace: _, ...metadata } = pod("tenant", "a").metadata;
    const homeless = { ...pod("tenant", "a"), metadata };
    expect(await errorOf(store.create(pods, homeless, writer))).toBeInstanceOf(TypeError);
    expect(requests).toEqual([]);
  });
});
