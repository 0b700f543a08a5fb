// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ClusterNode } from "../../../hack/cluster/cluster.ts";
import type { Server } from "../../../operator/src/api/kinds.ts";
import { label } from "../../../operator/src/api/names.ts";
import { isAlive } from "../../framework/processes.ts";
import { readyEndpoints, serviceOf } from "../../framework/services.ts";
import { Tenant } from "../../framework/tenant.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-node-faults";
/** From ACTIVE: two probes of the pod, and the time in which controllers hear of it. */
const endpointSecondsMax = 8;

describe("a server whose node fails", () => {
  let tenant: Tenant;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    await tenant.apply(serviceOf(tenant, "web", { [label.server]: "web" }));
    await tenant.boot("web");
    await (await tenant.console("web")).ask("/write?path=/data/note&data=precious");
  });

  beforeEach(() => tenant.untilPhase("web", "ACTIVE", 120));

  afterAll(() => tenant.remove());

  async function nodeOf(): Promise<ClusterNode> {
    const host = (await tenant.server("web")).status?.hypervisor ?? "";
    return tenant.world.cluster.node(host);
  }

  const hypervisorState = async (name: string): Promise<string> =>
    tenant.kubectl("get", "hypervisor", name, "-o", "jsonpath={.status.state}");

  const floating = ({ status }: Server): string[] =>
    (status?.addresses ?? []).flatMap(({ type, address }) => (type === "floating" ? address : []));

  test("a power cut and its end: same host, same disk, the server runs again", async () => {
    const before = await tenant.server("web");
    const node = await nodeOf();
    await node.powerCut();
    expect(await tenant.qemus("web")).toEqual([]);
    await until(
      "the hypervisor is down",
      async () => (await hypervisorState(node.name)) === "down",
      {
        timeoutSeconds: 60,
      },
    );
    // Nothing is started elsewhere: the disk is on the node that is off.
    expect((await tenant.server("web")).status?.hypervisor).toBe(node.name);
    await node.start();
    const after = await tenant.untilServer(
      "web",
      "ACTIVE after the power cut",
      ({ status }) =>
        status?.phase === "ACTIVE" &&
        status.timings?.startedTime !== before.status?.timings?.startedTime,
      180,
    );
    expect(after.status?.hypervisor).toBe(node.name);
    // Its pod is another one, with whatever address the node gave to that.
    const [address = "none"] = floating(after);
    await until(
      "the Service leads there, and nowhere else",
      async () => (await readyEndpoints(tenant, "web")).join(" ") === address,
      { timeoutSeconds: endpointSecondsMax },
    );
    const answer = await tenant.askUntilAnswered("web", "/read?path=/data/note");
    expect(answer).toContain("precious");
    expect(await tenant.qemus("web")).toHaveLength(1);
  });

  test("unreachable for longer than the eviction delay, and back: the same QEMU", async () => {
    const qemu = await tenant.qemu("web");
    const node = await nodeOf();
    await node.partition();
    try {
      await until(
        "the hypervisor is down",
        async () => (await hypervisorState(node.name)) === "down",
        { timeoutSeconds: 60 },
      );
      // The node controller evicts 300 s after it lost a node, unless a pod tolerates that for ever.
      await sleep(330_000);
      expect(isAlive(qemu)).toBe(true);
    } finally {
      await node.heal();
    }
    await until("the hypervisor is up", async () => (await hypervisorState(node.name)) === "up", {
      timeoutSeconds: 90,
    });
    await tenant.untilPhase("web", "ACTIVE", 60);
    await sleep(10_000);
    expect((await tenant.qemu("web")).pid).toBe(qemu.pid);
  }, 600_000);

  test("kubelet and containerd killed and started: the same QEMU", async () => {
    const qemu = await tenant.qemu("web");
    const node = await nodeOf();
    await node.stopDaemons();
    await sleep(5_000);
    await node.startDaemons();
    await until(
      "the node is ready",
      async () => {
        const path = '{.status.conditions[?(@.type=="Ready")].status}';
        return (
          (await tenant.kubectl("get", "node", node.name, "-o", `jsonpath=${path}`)) === "True"
        );
      },
      { timeoutSeconds: 90 },
    );
    await sleep(10_000);
    await tenant.untilPhase("web", "ACTIVE", 60);
    expect((await tenant.qemu("web")).pid).toBe(qemu.pid);
  });

  test("API server killed and started: the same QEMU, and servers can be changed again", async () => {
    const qemu = await tenant.qemu("web");
    await tenant.world.cluster.apiServer.kill();
    await sleep(5_000);
    await tenant.world.cluster.apiServer.start();
    await tenant.untilPhase("web", "ACTIVE", 60);
    expect((await tenant.qemu("web")).pid).toBe(qemu.pid);
    await tenant.patchServer("web", { powerState: "Stopped" });
    await tenant.untilPhase("web", "SHUTOFF", 90);
    await tenant.patchServer("web", { powerState: "Running" });
    await tenant.untilPhase("web", "ACTIVE", 90);
  });
});
