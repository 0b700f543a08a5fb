// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { NotFound } from "../ports/errors.ts";
import { type KubeStore, resources } from "../ports/kube.ts";
import { aServer } from "../testing/builders.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeKube } from "../testing/fake-kube.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { refusalToUninstall } from "./uninstall-guard.ts";

function fakeKube(): FakeKube {
  return new FakeKube({ clock: new FakeClock(), random: new SeededRandom(1) });
}

test("a cluster without servers may lose the product", async () => {
  expect(await refusalToUninstall(fakeKube())).toBeUndefined();
});

test("a cluster with servers may not, and the first of them are named", async () => {
  const kube = fakeKube();
  for (let number = 0; number < 12; number += 1) {
    const { apiVersion, kind, spec } = aServer();
    const metadata = { name: `web-${String(number).padStart(2, "0")}`, namespace: "team" };
    const server = { apiVersion, kind, metadata, spec };
    await kube.create(resources.servers, server, { fieldManager: "test" });
  }
  const refusal = await refusalToUninstall(kube);
  expect(refusal).toMatch(/^12 Servers exist: team\/web-00, .*team\/web-09, …\. Delete them/);
});

test("a cluster without the CRDs may, and one that does not answer may not", async () => {
  const failing = (cause: Error): KubeStore =>
    Object.assign(fakeKube(), { list: () => Promise.reject(cause) });
  expect(await refusalToUninstall(failing(new NotFound("no such kind")))).toBeUndefined();
  await expect(refusalToUninstall(failing(new Error("silence")))).rejects.toThrow("silence");
});
