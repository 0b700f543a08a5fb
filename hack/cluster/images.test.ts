// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../exec.ts";
import { importImage, inspectArchive } from "./images.ts";

const image = { reference: "kilonova.local/thing:1", digest: `sha256:${"0a".repeat(32)}` };
let directory: string;
let archive: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "images-"));
  archive = join(directory, "image.tar");
  const annotations = { "io.containerd.image.name": image.reference };
  const index = { schemaVersion: 2, manifests: [{ digest: image.digest, annotations }] };
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
  await run("tar", ["-C", directory, "-cf", archive, "index.json"]);
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

test("an archive tells its image's name and digest", async () => {
  expect(await inspectArchive(archive)).toEqual(image);
});

test("an archive may call its files from the current directory", async () => {
  await run("tar", ["-C", directory, "-cf", archive, "./index.json"]);
  expect(await inspectArchive(archive)).toEqual(image);
});

test("an image is imported when the node has no image or another one of that name", async () => {
  const imports: (string | undefined)[] = [];
  await importImage(archive, (argv, options) => {
    if (argv.includes("import")) imports.push(options?.stdinPath);
    return Promise.resolve(`${image.reference} sha256:0000`);
  });
  expect(imports).toEqual([archive]);
});

test("an image that the node has is not imported again", async () => {
  const calls: string[] = [];
  await importImage(archive, (argv) => {
    calls.push(argv.join(" "));
    return Promise.resolve(`REF DIGEST\n${image.reference} ${image.digest}`);
  });
  expect(calls).toEqual([`ctr --namespace k8s.io images list name==${image.reference}`]);
});

test("a file that is no image archive is refused", async () => {
  await expect(inspectArchive(join(directory, "index.json"))).rejects.toThrow("tar");
});
