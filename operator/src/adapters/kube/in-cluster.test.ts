// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Unavailable } from "../../ports/errors.ts";
import { errorOf } from "../../testing/kube-store-world.ts";
import { createInClusterStore } from "./in-cluster.ts";
import { TokenFile } from "./service-account.ts";

describe("what the kubelet mounts", () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "service-account-"));
    path = join(directory, "token");
  });
  afterEach(() => rm(directory, { recursive: true }));

  test("is a token, kept for a while and read again when it was not accepted", async () => {
    const file = new TokenFile(path);
    expect(await errorOf(file.read())).toBeInstanceOf(Unavailable);
    await writeFile(path, "first\n");
    expect(await file.read()).toBe("first");
    await writeFile(path, "second\n");
    expect(await file.read()).toBe("first");
    file.forget();
    expect(await file.read()).toBe("second");
  });

  test("is missed where there is no cluster", async () => {
    expect(() => createInClusterStore({ environment: {}, directory })).toThrow("not in a cluster");
    const environment = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
    expect(() => createInClusterStore({ environment, directory })).toThrow("ca.crt");
  });
});
