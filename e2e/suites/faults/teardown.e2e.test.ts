// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freeze, isAlive, killNow, type Process } from "../../framework/processes.ts";
import { Tenant } from "../../framework/tenant.ts";
import { agentsOn } from "../../framework/victims.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-teardown";
const powerButton = /KILONOVA-GUEST event power-button/;

describe("a guest that ends while its agent is dying", () => {
  let tenant: Tenant;
  let checksum: string;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    await tenant.boot("web");
    await shell("head -c 1000000 /dev/urandom >/data/blob && sync");
    checksum = await shell("sha256sum /data/blob");
    if (!/^[0-9a-f]{64} /.test(checksum)) throw new Error(`no checksum: ${checksum}`);
  });

  beforeEach(() => tenant.untilPhase("web", "ACTIVE", 90));

  afterAll(() => tenant.remove());

  const shell = (command: string): Promise<string> =>
    tenant.askUntilAnswered("web", `/sh?c=${encodeURIComponent(command)}`);

  const podOf = async (): Promise<string> => (await tenant.server("web")).status?.podName ?? "";

  /** Of the whole disk as it lies on the node. Nothing may have it open. */
  async function diskChecksum(): Promise<string> {
    const { metadata, status } = await tenant.server("web");
    const directory = `/var/lib/kilonova/guests/${metadata.uid}/${status?.run?.token}`;
    const node = tenant.world.cluster.node(status?.hypervisor ?? "");
    const { exitCode, stdout } = await node.exec(["sha256sum", `${directory}/disk.qcow2`]);
    expect(exitCode).toBe(0);
    return stdout;
  }

  /**
   * The agent asks the guest to shut down, and sees nothing from then on; the guest ends; the agent is
   * killed. Returns what the disk was before the next agent began.
   */
  async function endWithoutAgent(end: () => Promise<unknown>): Promise<string> {
    const qemu = await tenant.qemu("web");
    const guestConsole = await tenant.console("web");
    const pressed = (await guestConsole.read()).match(new RegExp(powerButton, "g"))?.length ?? 0;
    // The guest goes when the test says so, and not when it was asked.
    await guestConsole.ask("/ignorepower?on=1");
    await end();
    await guestConsole.until(powerButton, { count: pressed + 1 });
    const agents = agentsOn(qemu.node);
    expect(agents).not.toEqual([]);
    for (const agent of agents) freeze(agent);
    try {
      await guestConsole.tell("/poweroff");
      await untilEnded(qemu);
      const [guest] = await tenant.guestsOf("web");
      expect(guest?.status?.domain).toBe("Stopping");
      return await diskChecksum();
    } finally {
      for (const agent of agents) killNow(agent);
    }
  }

  const untilEnded = (qemu: Process): Promise<unknown> =>
    until("QEMU has ended", async () => !isAlive(qemu), { timeoutSeconds: 30 });

  async function expectBackWithData(token: number | undefined): Promise<void> {
    const server = await tenant.untilPhase("web", "ACTIVE", 120);
    expect(server.status?.run).toMatchObject({ token, state: "Granted" });
    expect(await shell("sha256sum /data/blob")).toBe(checksum);
    expect(await tenant.qemus("web")).toHaveLength(1);
  }

  const token = async (): Promise<number | undefined> =>
    (await tenant.server("web")).status?.run?.token;

  test("is off, its disk untouched, when the agent died during its stop", async () => {
    const held = await token();
    const disk = await endWithoutAgent(() => tenant.patchServer("web", { powerState: "Stopped" }));
    await tenant.untilPhase("web", "SHUTOFF", 120);
    expect(await diskChecksum()).toBe(disk);
    await tenant.patchServer("web", { powerState: "Running" });
    await expectBackWithData(held);
  });

  test("is started with its disk when the agent died during the deletion of its pod", async () => {
    const held = await token();
    const pod = await podOf();
    await endWithoutAgent(() =>
      tenant.kubectl("delete", "pod", "-n", namespace, pod, "--wait=false"),
    );
    await expectBackWithData(held);
  });

  test("is off, its disk untouched, when the agent died while stop and pod deletion met", async () => {
    const held = await token();
    const pod = await podOf();
    const disk = await endWithoutAgent(async () => {
      await tenant.kubectl("delete", "pod", "-n", namespace, pod, "--wait=false");
      await tenant.patchServer("web", { powerState: "Stopped" });
    });
    await tenant.untilPhase("web", "SHUTOFF", 120);
    expect(await diskChecksum()).toBe(disk);
    await tenant.patchServer("web", { powerState: "Running" });
    await expectBackWithData(held);
  });
});
