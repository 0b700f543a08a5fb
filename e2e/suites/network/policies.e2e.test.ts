// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enforcePolicies, liftPolicies } from "../../framework/network-policies.ts";
import { Peer } from "../../framework/peer.ts";
import { Tenant } from "../../framework/tenant.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-policies";

describe("a NetworkPolicy", () => {
  let tenant: Tenant;
  let friend: Peer;
  let stranger: Peer;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    await tenant.createServer("web", {}, { app: "web" });
    const { status } = await tenant.untilPhase("web", "ACTIVE", 90);
    await (await tenant.console("web")).until(/KILONOVA-GUEST up/, { timeoutSeconds: 150 });
    const { nodes } = await tenant.world.cluster.status();
    const nodeName = nodes.find(({ name }) => name !== status?.hypervisor)?.name ?? "";
    friend = await Peer.start(tenant, { name: "friend", nodeName, labels: { role: "friend" } });
    stranger = await Peer.start(tenant, { name: "other", nodeName, labels: { role: "stranger" } });
    await tenant.apply(
      policy("to-web", { app: "web" }, { from: { role: "friend" }, port: 80 }),
      policy("to-friend", { role: "friend" }, { from: { app: "web" }, port: 8000 }),
    );
    await enforcePolicies(tenant);
  });

  afterAll(async () => {
    await liftPolicies(tenant);
    await tenant.remove();
  });

  const serverUrls = async (): Promise<readonly string[]> => {
    const { addresses = [] } = (await tenant.server("web")).status ?? {};
    const floating = addresses.filter(({ type }) => type === "floating");
    expect(floating).toHaveLength(2);
    return floating.map(({ address }) => urlOf(address, 80));
  };
  /** Asked for on the console: the policies keep nodes out as well. */
  const fromGuest = async (url: string): Promise<string> =>
    (await tenant.console("web")).ask(`/sh?c=wget -T 5 -qO- ${url}`, 30);

  test("lets those in that it names, and keeps others out of the server that it selects by labels", async () => {
    for (const url of await serverUrls()) {
      expect(await friend.get(url)).toContain('"boot_id"');
      expect(await stranger.get(url)).toBe("failed: TimeoutError\n");
    }
  });

  test("knows a server by its labels where that dials others", async () => {
    for (const [index, address] of (await friend.addresses()).entries()) {
      const url = urlOf(address, 8000);
      const { addresses = [] } = (await tenant.server("web")).status ?? {};
      expect(await fromGuest(url)).toContain(addresses[index]?.address ?? "an address");
      expect(await stranger.get(url)).toBe("failed: TimeoutError\n");
    }
  });

  test("leaves a server alone when its labels are others", async () => {
    await tenant.kubectl("label", "-n", namespace, "server", "web", "app=api", "--overwrite");
    const selected = ["get", "pods", "-n", namespace, "-l", "app=api", "-o", "name"];
    const isLabelled = async (): Promise<boolean> => (await tenant.kubectl(...selected)) !== "";
    await until("the pod has the label", isLabelled, { timeoutSeconds: 20 });
    await enforcePolicies(tenant);
    for (const url of await serverUrls()) expect(await stranger.get(url)).toContain('"boot_id"');
    for (const address of await friend.addresses()) {
      expect(await fromGuest(urlOf(address, 8000))).toContain("timed out");
    }
  });
});

function urlOf(address: string, port: number): string {
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}/`;
}

type Labels = Readonly<Record<string, string>>;

function policy(
  name: string,
  matchLabels: Labels,
  { from, port }: { readonly from: Labels; readonly port: number },
): object {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace },
    spec: {
      podSelector: { matchLabels },
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: from } }],
          ports: [{ protocol: "TCP", port }],
        },
      ],
    },
  };
}
