// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseMountinfo } from "./mountinfo.ts";

const text = `\
22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
30 27 8:1 /srv/images /var/lib/kilonova/p/a/images ro,nosuid,nodev shared:9 master:3 - ext4 /dev/root rw
31 27 0:40 / /mnt/with\\040blank\\134and\\011tab rw - tmpfs none rw,size=16384k
`;

describe("mountinfo", () => {
  test("says where each mount stands, what it shows and how", () => {
    expect(parseMountinfo(text)).toContainEqual({
      path: "/var/lib/kilonova/p/a/images",
      root: "/srv/images",
      device: "8:1",
      type: "ext4",
      isReadOnly: true,
    });
  });

  test("has blanks, tabs and backslashes of paths unescaped", () => {
    const tmpfs = parseMountinfo(text).find(({ type }) => type === "tmpfs");
    expect(tmpfs?.path).toBe("/mnt/with blank\\and\ttab");
    expect(tmpfs?.isReadOnly).toBe(false);
  });

  test("lists parents before what is mounted in them, and over them", () => {
    const stacked = `\
50 49 0:3 / /a/b rw - tmpfs top rw
49 48 0:2 / /a/b rw - tmpfs bottom rw
48 1 0:1 / /a rw - tmpfs parent rw
`;
    expect(parseMountinfo(stacked).map(({ device }) => device)).toEqual(["0:1", "0:2", "0:3"]);
  });

  test("of this process is read whole, whatever is mounted here", () => {
    const own = readFileSync("/proc/self/mountinfo", "utf8");
    const mounts = parseMountinfo(own);
    expect(mounts).toHaveLength(own.trimEnd().split("\n").length);
    expect(mounts.some(({ path }) => path === "/proc")).toBe(true);
  });

  test("that was cut off is refused", () => {
    expect(() => parseMountinfo("22 27 0:21 / /proc rw")).toThrow("not whole");
  });

  test("never makes the reader hang or invent mounts, whatever it says", () => {
    const line = fc
      .tuple(
        fc.nat(5),
        fc.nat(5),
        fc.stringMatching(/^\/[\w\\0-7]{0,8}$/),
        fc.constantFrom("ro", "rw"),
      )
      .map(([id, parent, path, mode]) => `${id} ${parent} 0:1 / ${path} ${mode} x:1 - tmpfs t rw`);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        expect(parseMountinfo(lines.join("\n")).length).toBeLessThanOrEqual(lines.length);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (anything) => {
        try {
          parseMountinfo(anything);
        } catch (error) {
          expect((error as Error).message).toBe("a line of mountinfo is not whole");
        }
      }),
    );
  });
});
