// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { importImage, inspectArchive } from "./images.ts";
import { writeSingleFileImage } from "./pause-image.ts";

const reference = "kilonova.local/thing:1";
let directory: string;
let archive: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "images-"));
  archive = join(directory, "image.tar");
  await writeFile(join(directory, "thing"), "#!/bin/true\n", { mode: 0o755 });
  await writeSingleFileImage(archive, reference, join(directory, "thing"));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

test("an archive tells its image's name and digest, and the same content has the same digest", async () => {
  const image = await inspectArchive(archive);
  expect(image.reference).toBe(reference);
  expect(image.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  await writeSingleFileImage(archive, reference, join(directory, "thing"));
  expect(await inspectArchive(archive)).toEqual(image);
});

test("an image is imported when the node has no image or another one of that name", async () => {
  const imports: (string | undefined)[] = [];
  await importImage(archive, (argv, options) => {
    if (argv.includes("import")) imports.push(options?.stdinPath);
    return Promise.resolve(`${reference} sha256:0000`);
  });
  expect(imports).toEqual([archive]);
});

test("an image that the node has is not imported again", async () => {
  const { digest } = await inspectArchive(archive);
  const calls: string[] = [];
  await importImage(archive, (argv) => {
    calls.push(argv.join(" "));
    return Promise.resolve(`REF DIGEST\n${reference} ${digest}`);
  });
  expect(calls).toEqual([`ctr --namespace k8s.io images list name==${reference}`]);
});

test("a file that is no image archive is refused", async () => {
  await expect(inspectArchive(join(directory, "thing"))).rejects.toThrow("tar");
});
