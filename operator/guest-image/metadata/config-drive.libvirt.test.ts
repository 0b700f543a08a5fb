// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { until } from "../../src/testing/until.ts";
import { recipeOf, secrets } from "../testing/config-drive-recipe.ts";
import { ServerPod } from "../testing/server-pod.ts";

let pod: ServerPod;

afterEach(() => pod.close());

describe.each(["iso9660", "vfat"] as const)("a config drive of %s", (drive) => {
  test("is found and read by a guest", async () => {
    pod = await ServerPod.start({ recipe: recipeOf(drive), secrets });
    await pod.boot("bios");
    expect(pod.stdout).toContain(` config=vdb:${drive} `);
    const console = await pod.exec(["console"]);
    const ask = async (path: string): Promise<string> => {
      console.stdin?.write(`${path}\n`);
      const answers = (): string[] => pod.stdout.match(/KILONOVA-GUEST answer [^\n]*\n/g) ?? [];
      const before = answers().length;
      await until(`an answer to ${path}`, () => answers().length > before);
      return answers().at(-1) ?? "";
    };
    expect(await ask("/meta_data")).toContain("web-1.example.org");
    expect(await ask("/network_data")).toContain("192.0.2.7");
    expect(await ask("/user_data")).toContain("#!/bin/sh");
    console.stdin?.end();
  });
});
