// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { guestImageConfig } from "./guest.ts";
import type { ImageConfig } from "./oci.ts";
import { productImageConfig } from "./product.ts";
import { repositoryPath } from "./repository.ts";

/** The instructions of a Dockerfile with their arguments, continued lines joined. */
function instructionsOf(path: string): (readonly [name: string, argument: string])[] {
  return readFileSync(repositoryPath(path), "utf8")
    .replace(/^#.*\n/gm, "")
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const space = line.indexOf(" ");
      return [line.slice(0, space), line.slice(space + 1)];
    });
}

/** What an image is run with, as its Dockerfile says. */
function configOf(path: string): ImageConfig {
  const instructions = instructionsOf(path);
  const last = (name: string): string =>
    instructions.findLast(([instruction]) => instruction === name)?.[1] ?? "";
  const command = last("CMD");
  return {
    Entrypoint: JSON.parse(last("ENTRYPOINT")),
    ...(command !== "" && { Cmd: JSON.parse(command) }),
    Env: last("ENV").split(" "),
    User: last("USER"),
    WorkingDir: last("WORKDIR"),
  };
}

const images = [
  { path: "operator/Dockerfile", config: productImageConfig },
  { path: "operator/guest-image/Dockerfile", config: guestImageConfig },
];

describe.each(images)("$path", ({ path, config }) => {
  test("runs the image as the one that is built without an engine", () => {
    expect(configOf(path)).toEqual(config);
  });

  test("copies files that are there", () => {
    const copied = instructionsOf(path)
      .filter(([name, argument]) => name === "COPY" && !argument.startsWith("--from="))
      .flatMap(([, argument]) => argument.split(" ").slice(0, -1));
    expect(copied.length).toBeGreaterThan(2);
    expect(copied.filter((file) => !existsSync(repositoryPath(file)))).toEqual([]);
  });
});

test("the product's Dockerfile takes the Node that the repository is developed with", () => {
  const { devDependencies } = JSON.parse(readFileSync(repositoryPath("package.json"), "utf8"));
  const bases = instructionsOf("operator/Dockerfile").filter(([, argument]) =>
    argument.startsWith("node:"),
  );
  expect(bases.length).toBeGreaterThan(0);
  for (const [, argument] of bases) expect(argument).toContain(`node:${devDependencies.node}-`);
});
