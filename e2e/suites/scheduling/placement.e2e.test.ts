// SPDX-License-Identifier: Apache-2.0
/** Where servers go on three nodes, and what is said of it. Suites that use whole nodes run elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiVersion } from "../../../operator/src/api/define-kind.ts";
import type { Server } from "../../../operator/src/api/kinds.ts";
import { resources } from "../../../operator/src/ports/kube.ts";
import { flavorName, Tenant } from "../../framework/tenant.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-scheduling";
const rack = "e2e.kilonova.io/rack";
const aggregate = "e2e-rack";
const licensed = "e2e.licensed";
const soon = { timeoutSeconds: 30 };

describe("a server is placed", () => {
  let tenant: Tenant;
  const node = (number: number): string => tenant.world.cluster.node(number).name;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
  });

  afterAll(async () => {
    await tenant.remove();
    await tenant.kubectl("delete", "hostaggregate", aggregate, "--ignore-not-found");
    await tenant.kubectl("delete", "flavor", licensed, "--ignore-not-found");
    await tenant.kubectl("label", "nodes", "--all", `${rack}-`);
    await provide(node(3), null);
  });

  async function provide(name: string, provider: object | null): Promise<void> {
    const patch = JSON.stringify({ spec: { provider } });
    await tenant.kubectl("patch", "hypervisor", name, "--type=merge", "-p", patch);
  }

  const untilRefused = (name: string, message: RegExp): Promise<Server> =>
    tenant.untilServer(name, String(message), ({ status }) => {
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      return ready?.reason === "NoValidHost" && message.test(ready.message);
    });

  test("apart from the others of its group: three on three hosts, the fourth waits", async () => {
    const group = { apiVersion, kind: "ServerGroup", metadata: { name: "web", namespace } };
    await tenant.apply({ ...group, spec: { policy: "anti-affinity" } });
    const names = ["web-1", "web-2", "web-3"];
    for (const name of names) await tenant.createServer(name, { serverGroup: "web" });
    const servers = await Promise.all(names.map((name) => tenant.untilPhase(name, "ACTIVE", 120)));
    const hosts = servers.map(({ status }) => status?.hypervisor);
    expect(new Set(hosts).size).toBe(3);
    await tenant.createServer("web-4", { serverGroup: "web" });
    const refused = await untilRefused(
      "web-4",
      /^0 of 3 hypervisors: 3 have members of its group$/,
    );
    expect(refused.status?.phase).toBe("PENDING");
    const events = await until(
      "the event",
      async () => {
        const told = await tenant.kubectl("events", "-n", namespace, "--for", "server/web-4");
        return told.includes("0 of 3 hypervisors: 3 have members of its group") ? told : undefined;
      },
      soon,
    );
    expect(events).toContain("NoValidHost");
    // One goes: the fourth takes its place.
    await tenant.kubectl("delete", "server", "-n", namespace, "web-2", "--timeout=60s");
    const fourth = await tenant.untilPhase("web-4", "ACTIVE", 120);
    expect(fourth.status?.hypervisor).toBe(hosts[1]);
    const told = await tenant.kubectl("get", "servergroup", "-n", namespace, "web");
    expect(told).toMatch(/web +anti-affinity +Host +3 +True/);
    await tenant.kubectl("delete", "server", "-n", namespace, "--all", "--timeout=90s");
  });

  test("in the zone that an aggregate gives its hosts, and pinned to it", async () => {
    await tenant.kubectl("label", "node", node(2), `${rack}=a`);
    await tenant.apply({
      apiVersion,
      kind: "HostAggregate",
      metadata: { name: aggregate },
      spec: { nodeSelector: { matchLabels: { [rack]: "a" } }, availabilityZone: "e2e-zone" },
    });
    await tenant.createServer("zoned", { availabilityZone: "e2e-zone", powerState: "Stopped" });
    const server = await tenant.untilPhase("zoned", "SHUTOFF", 90);
    expect(server.status).toMatchObject({
      hypervisor: node(2),
      availabilityZone: "e2e-zone",
      pinnedAvailabilityZone: "e2e-zone",
    });
    const told = await until(
      "the aggregate names its host",
      async () => {
        const found = await tenant.world.store.get(resources.hostAggregates, { name: aggregate });
        return found.status?.hosts;
      },
      soon,
    );
    expect(told).toEqual([node(2)]);
  });

  test("where an administrator provides what its flavor asks for, as long as there is some", async () => {
    await tenant.apply({
      apiVersion,
      kind: "Flavor",
      metadata: { name: licensed },
      spec: {
        ...{ vcpus: 1, memoryMib: 192, rootDiskGib: 1 },
        extraSpecs: { "resources:CUSTOM_LICENSE": "1", "trait:CUSTOM_E2E": "required" },
      },
    });
    const stopped = { flavor: licensed, powerState: "Stopped" } as const;
    await tenant.createServer("licensed-1", stopped);
    await tenant.untilServer("licensed-1", "it waits", ({ status }) => {
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      return ready?.reason === "NeverFits" && ready.message.includes("offer no CUSTOM_LICENSE");
    });
    const inventories = { CUSTOM_LICENSE: { total: 1 } };
    await provide(node(3), { inventories, traits: ["CUSTOM_E2E"] });
    const server = await tenant.untilPhase("licensed-1", "SHUTOFF", 120);
    expect(server.status?.hypervisor).toBe(node(3));
    expect(server.status?.allocation).toMatchObject({ CUSTOM_LICENSE: 1 });
    await tenant.createServer("licensed-2", stopped);
    await untilRefused("licensed-2", /1 lacks 1 CUSTOM_LICENSE/);
    const candidates = await until(
      "the flavor counts none",
      async () => {
        const flavor = await tenant.world.store.get(resources.flavors, { name: licensed });
        return flavor.status?.candidates === 0 ? flavor.status : undefined;
      },
      { timeoutSeconds: 90 },
    );
    expect(candidates.excluded).toMatchObject({ "lacks 1 CUSTOM_LICENSE": 1 });
    expect(await tenant.kubectl("get", "flavor", flavorName, "-o", "wide")).toContain("CANDIDATES");
    await provide(node(3), null);
    await until(
      "what was provided vanished",
      async () => {
        const { status } = await tenant.world.store.get(resources.hypervisors, { name: node(3) });
        return status?.inventory?.["CUSTOM_LICENSE"] === undefined;
      },
      soon,
    );
  });

  test("and what decides about it is explained where it is written", async () => {
    const explained = await tenant.kubectl("explain", "server.status.decision");
    expect(explained).toContain("What each weigher gave the host that was chosen");
    expect(await tenant.kubectl("explain", "servergroup.spec")).toContain("maxServersPerHost");
    expect(await tenant.kubectl("explain", "hostaggregate.spec.metadata")).toContain(
      "instance_type",
    );
  });
});
