// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { hypervisor, image } from "../testing/kube-store-world.ts";
import { keyOf, refOf } from "./object-key.ts";

describe("the key of an object", () => {
  test("is made of an object as of a reference to it, and leads back to it", () => {
    expect(keyOf(image("tenant", "a"))).toBe("tenant/a");
    expect(keyOf(hypervisor("node-1"))).toBe("node-1");
    for (const ref of [{ namespace: "tenant", name: "a" }, { name: "node-1" }]) {
      expect(refOf(keyOf(ref))).toEqual(ref);
    }
  });
});
