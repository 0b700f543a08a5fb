// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { FakeNodeFiles } from "../../testing/fake-node-files.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { readOrChooseUuid } from "./identity.ts";

const path = "/var/lib/kilonova/hypervisor-uuid";

describe("the hypervisor's uuid", () => {
  test("is chosen once and kept by every agent that follows", async () => {
    const files = new FakeNodeFiles();
    const uuid = await readOrChooseUuid(files, path, new SeededRandom(1));
    expect(await readOrChooseUuid(files, path, new SeededRandom(2))).toBe(uuid);
  });

  test("is never replaced by another one because its file is damaged", async () => {
    const files = new FakeNodeFiles();
    await files.write(path, "6b1cbd6d-3f0a-");
    const reading = readOrChooseUuid(files, path, new SeededRandom(1));
    await expect(reading).rejects.toMatchObject({ reason: "IdentityDamaged" });
    expect(files.texts.get(path)).toBe("6b1cbd6d-3f0a-");
  });
});
