// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { type Entry, formatRecipe, randomSeed, type SecretPart } from "./recipe.ts";

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
    entries: [
      { path: "/a/b", isOnDrive: true, parts: ["é\n", secret, "x", randomSeed] },
      { path: "/a/c", isOnDrive: true, contentType: "text/plain", parts: ["x", secret] },
      { path: "/", isOnDrive: false, contentType: "text/plain", parts: [] },
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
      "file /a/b - 0 1 2 r",
      "file /a/c text/plain 2 1",
      "page / text/plain",
      "",
    ].join("\n"),
  );
});

test("versions with the same content share a line", () => {
  const entry = (path: string, text: string): Entry => ({ path, isOnDrive: true, parts: [text] });
  const recipe = formatRecipe({
    drive: "none",
    entries: [
      entry("/o/2012-08-10/a", "x"),
      entry("/o/2013-04-04/a", "y"),
      entry("/o/latest/a", "x"),
      entry("/1.0", "y"),
      entry("/latest", "y"),
    ],
  });
  expect(recipe.split("\n").filter((line) => line.startsWith("file"))).toEqual([
    "file /o/{2012-08-10,latest}/a - 0",
    "file /o/2013-04-04/a - 1",
    "file /{1.0,latest} - 1",
  ]);
});
