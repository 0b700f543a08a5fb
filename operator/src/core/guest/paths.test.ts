// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  guestDirectory,
  guestRecord,
  imageFile,
  incarnationAt,
  nodePaths,
  orphanAt,
  orphanDirectory,
  podDirectory,
  removedDirectory,
  runFile,
} from "./paths.ts";

const paths = nodePaths();
const serverUid = "5e12e12e-0000-4000-8000-000000000001";

describe("an incarnation's directory", () => {
  test("is named by the server's uid and the token, its record stands beside it", () => {
    const incarnation = { serverUid, token: 7 };
    expect(guestDirectory(paths.guests, incarnation)).toBe(
      `/var/lib/kilonova/guests/${serverUid}/7`,
    );
    expect(guestRecord("/data/guests", incarnation)).toBe(`/data/guests/${serverUid}/7.json`);
  });

  test("is known by its place, and nothing else is", () => {
    expect(incarnationAt(serverUid, "7")).toEqual({ serverUid, token: 7 });
    for (const name of ["7.json", "7.removed", "0", "-1", "07", "1e3", "", "9".repeat(30)]) {
      expect(incarnationAt(serverUid, name)).toBeUndefined();
    }
    expect(incarnationAt("..", "7")).toBeUndefined();
  });

  test("never leaves the guests' directory, whatever a uid is made of", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (uid, token) => {
        const path = attempt(() => guestDirectory("/g", { serverUid: uid, token }));
        return path === undefined || /^\/g\/(?!\.)[A-Za-z0-9.-]+\/[1-9]\d*$/.test(path);
      }),
    );
  });

  test("keeps its name apart from what is being removed", () => {
    const name = removedDirectory("/g", { serverUid, token: 7 }).split("/").at(-1) ?? "";
    expect(incarnationAt(serverUid, name)).toBeUndefined();
  });
});

describe("an orphan's directory", () => {
  test("says whose it is and since when", () => {
    const orphan = { serverUid, token: 7, sinceSeconds: 1_767_225_600 };
    const name = orphanDirectory("/o", orphan).slice("/o/".length);
    expect(orphanAt(name)).toEqual(orphan);
    expect(orphanAt(`${name}.json`)).toBeUndefined();
    expect(orphanAt("lost+found")).toBeUndefined();
  });
});

describe("a path", () => {
  test("is refused where a name would lead elsewhere", () => {
    for (const name of ["", ".", "..", "a/b", "../x", "a..b", "-a", "a\0", "a b"]) {
      expect(() => podDirectory(paths.pods, name)).toThrow("bug");
      expect(() => runFile.qemuLog(name)).toThrow("bug");
    }
    expect(() => imageFile(paths.images, "sha256:../../etc/passwd")).toThrow("bug");
  });

  test("of an image is its digest's hexadecimal part", () => {
    const hex = "ab".repeat(32);
    expect(imageFile("/data/images", `sha256:${hex}`)).toBe(`/data/images/${hex}`);
  });

  test("of a pod leaves room for libvirt's socket in the 108 bytes of a socket address", () => {
    const directory = podDirectory(paths.pods, "5e12e12e-0000-4000-8000-000000000001");
    expect(`${directory}/run/${runFile.libvirtSocket}`.length).toBeLessThan(107);
  });
});

function attempt(make: () => string): string | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
