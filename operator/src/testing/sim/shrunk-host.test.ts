// SPDX-License-Identifier: Apache-2.0
/** Placement's over-capacity rule, in the whole product. Source: nova-semantics 5.1. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Server } from "../../api/kinds.ts";
import { resources } from "../../ports/kube.ts";
import { World } from "./world/world.ts";

let world: World;
const pass = (seconds: number): Promise<void> =>
  world.timeline.run(world.timeline.nowMs + seconds * 1000, () => false);
const change = (spec: object): Promise<void> =>
  world.people.change(resources.hypervisors, "node-1", { spec });
const pids = () => world.nodes.flatMap((node) => node.guests().map(({ guest }) => guest.pid));
const serverOf = (name: string) =>
  world.api.kube.stored(resources.servers).find(({ metadata }) => metadata.name === name);
const phaseOf = (name: string) => serverOf(name)?.status?.phase;

async function create(name: string): Promise<void> {
  await world.people.createServer(
    { namespace: "team", name },
    { flavor: "m1.large", powerState: "Running" },
  );
  await pass(90);
}

async function edit(name: string, spec: Partial<Server["spec"]>): Promise<void> {
  const server = serverOf(name);
  if (server !== undefined) await world.people.editServer(server, spec);
  await pass(90);
}

async function remove(name: string): Promise<void> {
  const server = serverOf(name);
  if (server !== undefined) await world.people.deleteServer(server);
  await pass(90);
}

beforeEach(async () => {
  world = new World({ seed: 1, nodes: 1, operators: 1, traceLinesMax: 0 });
  await world.start();
  await pass(30);
  await create("web-1");
  await create("web-2");
});

afterEach(() => world.stop());

test("a host that has become too small ends no guest, whoever of us starts anew", async () => {
  const before = pids();
  expect([phaseOf("web-1"), phaseOf("web-2")]).toEqual(["ACTIVE", "ACTIVE"]);
  await change({ reserved: { MEMORY_MB: 7000 }, allocationRatios: { VCPU: 0.5 } });
  await pass(60);
  const [node] = world.nodes;
  for (const each of [node?.kubelet, node?.agent, world.operators[0]?.supervisor]) each?.kill();
  await pass(120);
  expect(pids()).toEqual(before);
  const [host] = world.api.kube.stored(resources.hypervisors);
  expect(host?.status?.usage).toMatchObject({ servers: 2, vcpus: "8/2", memory: "6464/1192" });
});

test("it keeps the claims of those that are there, and takes the next when enough of them are gone", async () => {
  await change({ reserved: { MEMORY_MB: 4000 } });
  await pass(10);
  await create("web-3");
  expect(phaseOf("web-3")).toBe("PENDING");
  expect(serverOf("web-3")?.status?.conditions?.[0]?.message).toMatch(/lacks \d+ MiB MEMORY_MB/);
  await edit("web-1", { powerState: "Stopped" });
  expect(phaseOf("web-1")).toBe("SHUTOFF");
  await edit("web-1", { powerState: "Running" });
  expect(phaseOf("web-1")).toBe("ACTIVE");
  await remove("web-1");
  expect(phaseOf("web-3")).toBe("PENDING");
  await remove("web-2");
  expect(phaseOf("web-3")).toBe("ACTIVE");
});
