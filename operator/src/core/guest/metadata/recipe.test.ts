// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { formatRecipe, randomSeed, type SecretPart } from "./recipe.ts";

const secret: SecretPart = {
  kind: "secret",
  encoding: "json",
  file: "ssh-key-0",
  bytesMax: 99,
  origin: "spec.sshKeys[0]: Secret a, key b",
};

test("a recipe has each value once, with its length in bytes, and numbers where it is used", () => {
  const recipe = formatRecipe({
    drive: "vfat",
    files: [
      { path: "a/b", parts: ["é\n", secret, "x", randomSeed] },
      { path: "a/c", parts: ["x", secret] },
    ],
    pages: [
      { path: "/", contentType: "text/plain", parts: [] },
      { path: "/d", contentType: "text/plain", parts: ["x"] },
    ],
  });
  expect(recipe).toBe(
    [
      "metadata 1",
      "drive vfat",
      "text 3",
      "é\n",
      "secret json 99 ssh-key-0 spec.sshKeys[0]: Secret a, key b",
      "text 1",
      "x",
      "file a/b 0 1 2 r",
      "file a/c 2 1",
      "page / text/plain",
      "page /d text/plain 2",
      "",
    ].join("\n"),
  );
});
