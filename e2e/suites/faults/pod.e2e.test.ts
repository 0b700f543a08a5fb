// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isAlive, killNow } from "../../framework/processes.ts";
import { Tenant } from "../../framework/tenant.ts";
import { agentsOn, libvirtdBeside } from "../../framework/victims.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-pod-faults";

/** Each test ends with the same question: is the data that was written before still there? */
describe("a server whose parts die", () => {
  let tenant: Tenant;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    await tenant.boot("web", { onCrash: "Restart" });
    await (await tenant.console("web")).ask("/write?path=/data/note&data=precious");
  });

  beforeEach(() => tenant.untilPhase("web", "ACTIVE", 90));

  afterAll(() => tenant.remove());

  const podOf = async (): Promise<string> => (await tenant.server("web")).status?.podName ?? "";

  async function expectBackWithData(): Promise<void> {
    await tenant.untilPhase("web", "ACTIVE", 120);
    const answer = await tenant.askUntilAnswered("web", "/read?path=/data/note");
    expect(answer).toContain("precious");
    expect(await tenant.qemus("web")).toHaveLength(1);
  }

  test("comes back when QEMU is killed and onCrash says Restart", async () => {
    const qemu = await tenant.qemu("web");
    killNow(qemu);
    await until(
      "another QEMU",
      async () => (await tenant.qemus("web")).some((found) => found.pid !== qemu.pid),
      { timeoutSeconds: 60 },
    );
    await expectBackWithData();
  });

  test("comes back when its pod is deleted by force", async () => {
    const qemu = await tenant.qemu("web");
    await tenant.kubectl(
      ...["delete", "pod", "-n", namespace, await podOf()],
      ...["--force", "--grace-period=0", "--wait=false"],
    );
    await until("the old QEMU is gone", async () => !isAlive(qemu), { timeoutSeconds: 90 });
    await expectBackWithData();
  });

  test("comes back when its pod is deleted gracefully by an administrator", async () => {
    const qemu = await tenant.qemu("web");
    await tenant.kubectl("delete", "pod", "-n", namespace, await podOf(), "--timeout=120s");
    expect(isAlive(qemu)).toBe(false);
    await expectBackWithData();
  });

  test("runs on when its pod shall be evicted: the budget refuses", async () => {
    const qemu = await tenant.qemu("web");
    const pod = await podOf();
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod } };
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
    const refusal = tenant.world.cluster.kubectl(["create", "--raw", path, "-f", "-"], {
      stdin: JSON.stringify(eviction),
    });
    await expect(refusal).rejects.toThrow(/TooManyRequests.*disruption budget/s);
    const why = await tenant.kubectl("get", "poddisruptionbudgets", "-n", namespace, "-o", "yaml");
    expect(why).toContain("delete its servers");
    await expectBackWithData();
    expect(await podOf()).toBe(pod);
    expect((await tenant.qemu("web")).pid).toBe(qemu.pid);
  });

  test("runs on when libvirtd is killed", async () => {
    const qemu = await tenant.qemu("web");
    const [libvirtd] = libvirtdBeside(qemu);
    if (libvirtd === undefined) throw new Error("no libvirtd beside the QEMU");
    killNow(libvirtd);
    await expectBackWithData();
    expect((await tenant.qemu("web")).pid).toBe(qemu.pid);
  });

  test("runs on when the agent of its node is killed", async () => {
    const qemu = await tenant.qemu("web");
    for (const agent of agentsOn(qemu.node)) killNow(agent);
    await expectBackWithData();
    expect((await tenant.qemu("web")).pid).toBe(qemu.pid);
  });

  test("stays off after a crash when onCrash says Stop, and starts on request", async () => {
    await tenant.patchServer("web", { onCrash: "Stop" });
    killNow(await tenant.qemu("web"));
    const server = await tenant.untilPhase("web", "SHUTOFF");
    expect(server.status?.stoppedBy).toBe("Crash");
    await tenant.patchServer("web", { powerState: "Stopped", onCrash: "Restart" });
    await tenant.untilPhase("web", "SHUTOFF");
    await tenant.patchServer("web", { powerState: "Running" });
    await expectBackWithData();
  });
});
