// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { fetchBytesMax, imagesToCollect } from "./collection.ts";

const images = [
  { digest: "new", bytes: 10, usedMs: 3 },
  { digest: "old", bytes: 10, usedMs: 1 },
  { digest: "used", bytes: 10, usedMs: 0 },
  { digest: "middle", bytes: 10, usedMs: 2 },
];
const inUse = new Set(["used"]);

describe("images", () => {
  test("are kept while there is room", () => {
    expect(imagesToCollect({ images, inUse, freeBytes: 15, totalBytes: 100 })).toEqual([]);
  });

  test("go when there is not, the longest unused first, until there is enough", () => {
    const collected = imagesToCollect({ images, inUse, freeBytes: 10, totalBytes: 100 });
    expect(collected).toEqual(["old", "middle"]);
  });

  test("in use never go, nor any when it is not known which those are", () => {
    const none = { images, freeBytes: 0, totalBytes: 1000 };
    expect(imagesToCollect({ ...none, inUse })).toEqual(["old", "middle", "new"]);
    expect(imagesToCollect({ ...none, inUse: undefined })).toEqual([]);
  });

  test("leave a share of the disk to the guests", () => {
    expect(fetchBytesMax({ freeBytes: 30, totalBytes: 100 })).toBe(25);
    expect(fetchBytesMax({ freeBytes: 3, totalBytes: 100 })).toBe(0);
  });
});
