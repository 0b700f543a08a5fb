// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resources } from "../../../operator/src/ports/kube.ts";
import { Tenant } from "../../framework/tenant.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-lifecycle";

describe("the life of a server", () => {
  let tenant: Tenant;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
  });

  afterAll(() => tenant.remove());

  test("boots from an image and tells so on its console", async () => {
    const server = await tenant.boot("web");
    const guestConsole = await tenant.console("web");
    expect(await guestConsole.until(/KILONOVA-GUEST ready/)).toContain("ready");
    await guestConsole.until(/KILONOVA-GUEST hb n=2/);
    expect(server.status?.run).toMatchObject({ token: 1, state: "Granted" });
    expect((await tenant.qemu("web")).node).toBe(server.status?.hypervisor);
  });

  test("answers what is typed into its serial console", async () => {
    const guestConsole = await tenant.console("web");
    expect(await guestConsole.ask("/write?path=/data/note&data=precious")).toContain("ok");
    expect(await guestConsole.ask("/read?path=/data/note")).toContain("precious");
  });

  test("stops by ACPI, keeps its place, and starts again with its disk", async () => {
    const before = await tenant.server("web");
    await tenant.patchServer("web", { powerState: "Stopped" });
    const stopped = await tenant.untilPhase("web", "SHUTOFF");
    expect(stopped.status?.stoppedBy).toBe("User");
    expect(stopped.status?.run).toEqual(before.status?.run);
    expect(await tenant.qemus("web")).toEqual([]);
    const guestConsole = await tenant.console("web");
    await guestConsole.until(/KILONOVA-GUEST poweroff reason=/);

    await tenant.patchServer("web", { powerState: "Running" });
    const started = await tenant.untilPhase("web", "ACTIVE");
    expect(started.status?.run).toEqual(before.status?.run);
    await guestConsole.until(/KILONOVA-GUEST up/, { count: 2 });
    expect(await guestConsole.ask("/read?path=/data/note")).toContain("precious");
  });

  test("stays off when the guest shuts itself down, and says why", async () => {
    await (await tenant.console("web")).tell("/poweroff");
    const server = await tenant.untilPhase("web", "SHUTOFF");
    expect(server.status?.stoppedBy).toBe("Guest");
    const ready = server.status?.conditions?.find(({ type }) => type === "Ready");
    expect(ready).toMatchObject({ status: "False", reason: "GuestShutdown" });
  });

  test("is deleted with its disk, its pod and its claim", async () => {
    const server = await tenant.server("web");
    const host = server.status?.hypervisor ?? "";
    const node = tenant.world.cluster.node(host);
    const directory = `/var/lib/kilonova/guests/${server.metadata.uid}`;
    expect((await node.exec(["test", "-e", directory])).exitCode).toBe(0);
    await tenant.kubectl("delete", "server", "-n", namespace, "web", "--timeout=60s");
    expect(await tenant.guestsOf("web")).toEqual([]);
    await until(
      "the pod is gone",
      async () => {
        const pods = { namespace, consistency: "quorum" } as const;
        return (await tenant.world.store.list(resources.pods, pods)).items.length === 0;
      },
      { timeoutSeconds: 30 },
    );
    expect((await node.exec(["test", "-e", directory])).exitCode).toBe(1);
  });

  test("waits for a flavor and an image that do not exist yet", async () => {
    await tenant.createServer("early", { flavor: "e2e.later", image: { name: "later" } });
    const waiting = await tenant.untilServer(
      "early",
      "PENDING with the reason",
      ({ status }) =>
        status?.phase === "PENDING" &&
        (status.conditions?.some(({ reason }) => reason === "FlavorNotFound") ?? false),
    );
    expect(waiting.status?.run).toBeUndefined();
    const { url, checksum } = tenant.world.image;
    await tenant.apply(
      {
        apiVersion: "kilonova.io/v1alpha1",
        kind: "Flavor",
        metadata: { name: "e2e.later" },
        spec: { vcpus: 1, memoryMib: 192, rootDiskGib: 1 },
      },
      {
        apiVersion: "kilonova.io/v1alpha1",
        kind: "Image",
        metadata: { name: "later", namespace },
        spec: { source: { http: { url, checksum } }, properties: { hw_firmware_type: "uefi" } },
      },
    );
    await tenant.untilPhase("early", "ACTIVE", 90);
    const guestConsole = await tenant.console("early");
    await guestConsole.until(/KILONOVA-GUEST up/, { timeoutSeconds: 90 });

    await tenant.kubectl("delete", "flavor", "e2e.later");
    await tenant.kubectl("delete", "image", "-n", namespace, "later");
    await tenant.patchServer("early", { powerState: "Stopped" });
    await tenant.untilPhase("early", "SHUTOFF");
    await tenant.patchServer("early", { powerState: "Running" });
    await tenant.untilPhase("early", "ACTIVE", 90);
  });

  test("refuses bad input at once and names field and cure", async () => {
    const bad = tenant.createServer("Bad_Name", {});
    await expect(bad).rejects.toThrow(/metadata\.name|Invalid value/);
    const nonsense = tenant.createServer("nonsense", { powerState: "Paused" as "Running" });
    await expect(nonsense).rejects.toThrow(/powerState.*(Running|supported)/s);
  });
});
