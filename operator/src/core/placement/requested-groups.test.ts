// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { requestedGroups } from "./requested-groups.ts";

const base = { VCPU: 2, MEMORY_MB: 1024, DISK_GB: 10 };

type Properties = Readonly<Record<string, string>>;

function asked(flavor: Properties, image: Properties = {}) {
  const result = requestedGroups(base, flavor, image);
  if (!result.ok) return result.message;
  return result.request.groups.map(({ suffix, resources, required, forbidden }) => ({
    suffix,
    resources,
    required: required.flat(),
    forbidden,
  }));
}

const unsuffixed = { suffix: "", resources: base, required: [], forbidden: [] };

describe("the request of a server", () => {
  test("is what it takes anyway when nothing else is said", () => {
    expect(asked({ "hw:cpu_policy": "shared" })).toEqual([unsuffixed]);
  });

  test("takes other amounts where the flavor says so, and leaves out what is 0", () => {
    const flavor = { "resources:VCPU": "4", "resources:DISK_GB": "0", "resources:VGPU": "1" };
    const resources = { VCPU: 4, MEMORY_MB: 1024, VGPU: 1 };
    expect(asked(flavor)).toEqual([{ ...unsuffixed, resources }]);
  });

  test("has a group for each suffix", () => {
    const flavor = { "resources_GPU:VGPU": "1", "trait_GPU:CUSTOM_QUICK": "required" };
    expect(asked(flavor)).toEqual([
      unsuffixed,
      { suffix: "_GPU", resources: { VGPU: 1 }, required: ["CUSTOM_QUICK"], forbidden: [] },
    ]);
  });

  test("joins the traits of flavor and image", () => {
    const flavor = { "trait:HW_A": "required", "trait:HW_B": "forbidden" };
    expect(asked(flavor, { "trait:HW_C": "required", "trait:HW_A": "required" })).toEqual([
      { ...unsuffixed, required: ["HW_A", "HW_C"], forbidden: ["HW_B"] },
    ]);
  });

  test("keeps what is only wished for apart", () => {
    const flavor = { "trait:HW_A": "preferred", "trait:HW_B": "avoided" };
    expect(requestedGroups(base, flavor)).toMatchObject({
      traits: { preferred: ["HW_A"], avoided: ["HW_B"] },
      request: { groups: [{ required: [], forbidden: [] }], groupPolicy: "none" },
    });
  });

  test("isolates groups when the flavor says so", () => {
    const flavor = { "resources1:VGPU": "1", "resources2:VGPU": "1", group_policy: "isolate" };
    expect(requestedGroups(base, flavor)).toMatchObject({ request: { groupPolicy: "isolate" } });
  });

  test.each([
    [
      { "resources1:VGPU": "1", "resources2:VGPU": "1" },
      {},
      "extra spec group_policy has to be set where two groups have a suffix",
    ],
    [{ "trait_GPU:HW_A": "required" }, {}, "group _GPU has traits, but takes no resources"],
    [
      { "trait:HW_A": "required" },
      { "trait:HW_A": "forbidden" },
      "trait HW_A is both required and forbidden",
    ],
    [
      { "trait:HW_A": "preferred" },
      { "trait:HW_A": "avoided" },
      "trait HW_A is both preferred and avoided",
    ],
  ])("is refused for %j and %j", (flavor, image, message) => {
    expect(asked(flavor, image)).toBe(message);
  });
});
