// SPDX-License-Identifier: Apache-2.0
/** Runs alone in a mount namespace, and does there what its parent asks: see mount-namespace.ts. */
import { mkdir } from "node:fs/promises";
import { createGuestFiles } from "../adapters/host/guest-files.ts";
import { systemMounts } from "../adapters/host/mounts.ts";
import { systemNodeFiles } from "../adapters/host/node-files.ts";
import { runCommand } from "../adapters/host/run-command.ts";
import { GuestVolumes } from "../agent/mounts/guest-volumes.ts";
import { PodRecords } from "../agent/mounts/pod-records.ts";
import { prepareNode } from "../agent/mounts/prepare-node.ts";
import { nodePaths } from "../core/guest/paths.ts";
import { resources } from "../ports/kube.ts";
import { aGuest } from "./builders.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeKube } from "./fake-kube.ts";
import { FakeLogger } from "./fake-logger.ts";
import { Life } from "./mortal.ts";
import type { NamespaceRequest } from "./mount-namespace.ts";
import { SeededRandom } from "./seeded-random.ts";

const base = process.argv[2] ?? "";
const paths = nodePaths(`${base}/kilonova`);
const kube = new FakeKube({ clock: new FakeClock(), random: new SeededRandom(1) });
const released = { has: () => false };

async function prepare(): Promise<void> {
  // Shared, as a node's root is: what is mounted in one place appears in its copies.
  await runCommand(["mount", "-t", "tmpfs", "test", base], { timeoutSeconds: 10 });
  await runCommand(["mount", "--make-rshared", base], { timeoutSeconds: 10 });
  await mkdir(paths.root);
  await prepareNode(systemMounts, paths);
  const { name, namespace } = aGuest().metadata;
  const guest = { ...aGuest(), metadata: { name, namespace: namespace ?? "" } };
  await kube.create(resources.guests, guest, { fieldManager: "test" });
}

/** An agent that has just started. */
async function startAgent(life: Life): Promise<GuestVolumes> {
  const log = new FakeLogger();
  const mounts = life.mortal(systemMounts);
  const records = new PodRecords(paths.pods, life.mortal(systemNodeFiles), log);
  await records.load(mounts);
  return new GuestVolumes({ kube, mounts, records, paths, nodeName: "node-1", released, log });
}

async function obey(request: NamespaceRequest): Promise<unknown> {
  if (request.kind === "mounts") {
    const mounts = await systemMounts.list();
    return mounts.filter(({ path }) => path.startsWith(`${base}/`));
  }
  if (request.kind === "run") return runCommand(request.argv, { timeoutSeconds: 10 });
  if (request.kind === "showBase") {
    const { server, token } = aGuest().spec;
    const incarnation = { serverUid: server.uid, token };
    return createGuestFiles(paths).showBase(incarnation, request.digest);
  }
  const life = new Life(request.callsMax ?? Number.POSITIVE_INFINITY);
  const volumes = await startAgent(life);
  if (request.kind === "publish") await volumes.publish(request.request);
  else await volumes.unpublish(request.request);
  return life.calls;
}

process.on("message", (request: NamespaceRequest) => {
  obey(request).then(
    (value) => process.send?.({ value }),
    (error: Error) => process.send?.({ error: `${error.name}: ${error.message}` }),
  );
});
process.on("disconnect", () => process.exit());
await prepare();
process.send?.({ value: "ready" });
