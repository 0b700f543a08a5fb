// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { rootDiskSize } from "./disk.ts";

const gib = 2 ** 30;
const base = {
  virtualSizeBytes: 3 * gib,
  hasBackingFile: false,
  hasDataFile: false,
  isEncrypted: false,
};

describe("a root disk", () => {
  test("has the size that the flavor says, or the image's when it says none", () => {
    expect(rootDiskSize({ rootDiskGib: 10 }, base)).toEqual({ ok: true, sizeBytes: 10 * gib });
    expect(rootDiskSize({ rootDiskGib: 3 }, base)).toEqual({ ok: true, sizeBytes: 3 * gib });
    expect(rootDiskSize({ rootDiskGib: 0 }, base)).toEqual({ ok: true, sizeBytes: 3 * gib });
  });

  test("is not made smaller than the image", () => {
    const larger = { ...base, virtualSizeBytes: 3 * gib + 1 };
    expect(rootDiskSize({ rootDiskGib: 3 }, larger)).toEqual({
      ok: false,
      reason: "ImageTooLarge",
      message: "it needs a root disk of 4 GiB, not 3: take a larger flavor",
    });
  });

  test.each([
    [{ hasBackingFile: true }, /refers to another file/],
    [{ hasDataFile: true }, /refers to another file/],
    [{ isEncrypted: true }, /encrypted/],
  ])("is not made of an image with %j", (change, message) => {
    expect(rootDiskSize({ rootDiskGib: 10 }, { ...base, ...change })).toMatchObject({
      ok: false,
      reason: "ImageInvalid",
      message: expect.stringMatching(message) as string,
    });
  });
});
