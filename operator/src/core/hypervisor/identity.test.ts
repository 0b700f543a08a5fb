// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { identityOf } from "./identity.ts";

const uuid = "6b1cbd6d-3f0a-4a5e-9c0e-2c1a7d1f0b11";

describe("a hypervisor's identity", () => {
  test("is what its file says, with or without a line end", () => {
    expect(identityOf(uuid)).toEqual({ kind: "known", uuid });
    expect(identityOf(`${uuid}\n`)).toEqual({ kind: "known", uuid });
  });

  test("may be chosen where there is no file", () => {
    expect(identityOf(undefined)).toEqual({ kind: "absent" });
  });

  test.each(["", "\0\0\0", uuid.slice(1), `${uuid}\n${uuid}`, uuid.toUpperCase()])(
    "is never replaced when the file says %j",
    (text) => {
      expect(identityOf(text)).toEqual({ kind: "damaged" });
    },
  );
});
