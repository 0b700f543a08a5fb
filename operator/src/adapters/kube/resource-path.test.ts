// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { resources } from "../../ports/kube.ts";
import { resourcePath } from "./resource-path.ts";

const { pods, nodes, guests } = resources;

describe("the path of a resource", () => {
  test("knows the core group, other groups, scopes and subresources", () => {
    expect(resourcePath(nodes, { name: "node-1" })).toBe("/api/v1/nodes/node-1");
    expect(resourcePath(pods, {})).toBe("/api/v1/pods");
    expect(resourcePath(pods, { namespace: "tenant" })).toBe("/api/v1/namespaces/tenant/pods");
    const guest = { namespace: "tenant", name: "a", subresource: "status" } as const;
    expect(resourcePath(guests, guest)).toBe(
      "/apis/kilonova.io/v1alpha1/namespaces/tenant/guests/a/status",
    );
  });

  test("escapes names and queries, and leaves out what is undefined", () => {
    const query = { labelSelector: "a in (b,c)", limit: 500, continue: undefined };
    expect(resourcePath(pods, { namespace: "a/../b" }, query)).toBe(
      "/api/v1/namespaces/a%2F..%2Fb/pods?labelSelector=a+in+%28b%2Cc%29&limit=500",
    );
  });

  test("refuses a scope that is not the kind's", () => {
    expect(() => resourcePath(pods, { name: "a" })).toThrow(TypeError);
    expect(() => resourcePath(nodes, { namespace: "tenant", name: "a" })).toThrow(TypeError);
    expect(() => resourcePath(nodes, { namespace: "tenant" })).toThrow(TypeError);
  });
});
