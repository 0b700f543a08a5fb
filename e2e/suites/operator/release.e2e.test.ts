// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { annotation } from "../../../operator/src/api/names.ts";
import { systemNamespace, undeploy } from "../../../hack/deploy.ts";
import { install } from "../../framework/prepare.ts";
import { Tenant } from "../../framework/tenant.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-release";

describe("a release", () => {
  let tenant: Tenant;
  const release = inject("release");
  /** The same contents under another reference: what a release of the guest image looks like. */
  const newerGuest = `${release.guest}-newer`;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    await tenant.boot("web");
    await (await tenant.console("web")).ask("/write?path=/data/note&data=precious");
    for (const { name } of (await tenant.world.cluster.status()).nodes) {
      const ctr = ["ctr", "--namespace", "k8s.io", "images", "tag", "--force"];
      const node = tenant.world.cluster.node(name);
      const { exitCode, stderr } = await node.exec([...ctr, release.guest, newerGuest]);
      if (exitCode !== 0) throw new Error(`${name}: ${stderr}`);
    }
  });

  // Whatever a test left: the other suites find the release that they were told of.
  afterAll(async () => {
    await tenant.remove();
    await install(tenant.world.cluster, release);
  }, 240_000);

  /** The guest image that the server's pod was made for, and the one that it runs. */
  const imagesOfPod = async (): Promise<unknown> => {
    const pod = (await tenant.server("web")).status?.podName ?? "";
    const { metadata, spec } = JSON.parse(
      await tenant.kubectl("get", "pod", "-n", namespace, pod, "-o", "json"),
    );
    return [metadata.annotations[annotation.guestImage], spec.containers[0].image];
  };

  test("leaves running guests alone when it is upgraded", async () => {
    const qemu = await tenant.qemu("web");
    await install(tenant.world.cluster, { ...release, guest: newerGuest });
    expect((await tenant.qemu("web")).pid).toBe(qemu.pid);
    expect(await imagesOfPod()).toEqual([release.guest, release.guest]);
  });

  test("gives its guest image to a server at the next start, upon the same disk", async () => {
    await tenant.patchServer("web", { powerState: "Stopped" });
    await tenant.untilPhase("web", "SHUTOFF", 120);
    expect(await imagesOfPod()).toEqual([release.guest, release.guest]);
    await tenant.patchServer("web", { powerState: "Running" });
    await tenant.untilPhase("web", "ACTIVE", 120);
    expect(await imagesOfPod()).toEqual([newerGuest, newerGuest]);
    expect(await tenant.askUntilAnswered("web", "/read?path=/data/note")).toContain("precious");
  });

  test("is not removed while there are servers, and says which", async () => {
    const qemu = await tenant.qemu("web");
    await expect(undeploy(tenant.world.cluster)).rejects.toThrow(/uninstall-guard/);
    const guard = ["logs", "-n", systemNamespace, "job/kilonova-uninstall-guard"];
    expect(await tenant.kubectl(...guard)).toContain(`1 Servers exist: ${namespace}/web.`);
    expect((await tenant.qemu("web")).pid).toBe(qemu.pid);
    const operator = ["get", "deployment", "-n", systemNamespace, "kilonova-operator"];
    expect(await tenant.kubectl(...operator, "-o", "jsonpath={.status.readyReplicas}")).toBe("2");
  });

  test("is removed when there are none, and leaves the kinds and the users' objects", async () => {
    await tenant.kubectl("delete", "server", "-n", namespace, "web", "--timeout=120s");
    await undeploy(tenant.world.cluster);
    const images = await tenant.kubectl("get", "images.kilonova.io", "-n", namespace, "-o", "name");
    expect(images).toContain("image.kilonova.io/tiny");
    const pods = await tenant.kubectl("get", "pods", "-n", systemNamespace, "-o", "name");
    expect(pods).toBe("");
  });
});
