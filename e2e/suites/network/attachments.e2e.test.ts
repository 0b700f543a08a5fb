// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Condition } from "../../../operator/src/api/define-kind.ts";
import { bridgedNetwork } from "../../framework/attachment.ts";
import { inGuest } from "../../framework/http.ts";
import { Peer } from "../../framework/peer.ts";
import { killNow } from "../../framework/processes.ts";
import { Tenant } from "../../framework/tenant.ts";
import { agentsOn } from "../../framework/victims.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";
import { run } from "../../../hack/exec.ts";

const namespace = "e2e-attachments";
const mac = "52:54:00:08:00:07";
const networks = [
  { name: "front", pod: {} },
  {
    name: "data",
    tag: "storage",
    mac,
    networkAttachment: { name: "storage", address: "10.8.0.7/24" },
  },
  { name: "rest", networkAttachment: { name: "backup" } },
];
const bootSecondsMax = 150;

describe("servers on networks of Multus", () => {
  let tenant: Tenant;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    await tenant.apply(bridgedNetwork(namespace, "backup", { subnet: "10.9.0.0/24" }));
  });

  afterAll(() => tenant.remove());

  const conditionOf = async (name: string, type: string): Promise<Condition | undefined> =>
    (await tenant.server(name)).status?.conditions?.find((one) => one.type === type);
  const addressOn = async (network: string): Promise<string | undefined> =>
    (await tenant.server("web")).status?.addresses?.find(
      (one) => one.network === network && one.type === "fixed",
    )?.address;
  const untilUp = async (name: string, count = 1): Promise<void> => {
    await tenant.untilPhase(name, "ACTIVE", 120);
    const within = { timeoutSeconds: bootSecondsMax, count };
    await (await tenant.console(name)).until(/KILONOVA-GUEST up/, within);
  };
  const untilReason = (name: string, reason: string) =>
    until(
      `server ${name}: ${reason}`,
      async () => {
        const ready = await conditionOf(name, "Ready");
        return ready?.reason === reason && ready;
      },
      { timeoutSeconds: 60 },
    );
  /** Brings a card up as an operating system would; the test guest does so with the first one alone. */
  const lease = (card: string): Promise<string> =>
    inGuest(tenant, "web", `udhcpc -i ${card} -n -q -s /etc/udhcpc.sh; ifconfig ${card}`);

  test("a network that is not there is waited for by name, and the server boots when it is made", async () => {
    await tenant.createServer("web", { networks });
    const ready = await untilReason("web", "NetworkAttachmentNotFound");
    expect(ready.message).toContain(
      `network data: namespace ${namespace} has no NetworkAttachmentDefinition storage`,
    );
    expect(await tenant.guestsOf("web")).toEqual([]);
    await tenant.apply(bridgedNetwork(namespace, "storage", { subnet: "10.8.0.0/24" }));
    await untilUp("web");
  });

  test("the guest has its cards in the order of the spec, and knows one by its tag", async () => {
    const cards = await inGuest(tenant, "web", "cat /sys/class/net/eth*/address");
    const { addresses = [] } = (await tenant.server("web")).status ?? {};
    const told = networks.map(({ name }) => addresses.find(({ network }) => network === name)?.mac);
    expect(cards.trim().split("\n")).toEqual(told);
    expect(told[1]).toBe(mac);
    const metadata = await inGuest(
      tenant,
      "web",
      "wget -qO- http://169.254.169.254/openstack/latest/meta_data.json",
    );
    expect(JSON.parse(metadata)).toMatchObject({
      devices: [{ type: "nic", mac, tags: ["storage"] }],
    });
  });

  test("each card gets its address by DHCP: the one of the spec, and the one that IPAM gave", async () => {
    expect(await addressOn("data")).toBe("10.8.0.7");
    expect(await lease("eth1")).toContain("inet addr:10.8.0.7 ");
    expect(await addressOn("rest")).toMatch(/^10\.9\.0\.\d+$/);
    expect(await lease("eth2")).toContain(`inet addr:${await addressOn("rest")} `);
    // What a network has no router for, leads nowhere else.
    expect(await inGuest(tenant, "web", "route -n")).toMatch(/^0\.0\.0\.0 +10\.0\.2\.1 .*eth0$/m);
  });

  test("is reached on the wire by a pod of another node, and by a guest that is on nothing else", async () => {
    const host = (await tenant.server("web")).status?.hypervisor ?? "";
    const { nodes } = await tenant.world.cluster.status();
    const elsewhere = nodes.find(({ name }) => name !== host)?.name ?? "";
    const onStorage = [{ name: "storage", interface: "net0", ips: ["10.8.0.100/24"] }];
    const peer = await Peer.start(tenant, {
      name: "peer",
      nodeName: elsewhere,
      annotations: { "k8s.v1.cni.cncf.io/networks": JSON.stringify(onStorage) },
    });
    expect(await peer.get("http://10.8.0.7/")).toContain(mac);
    const [, data] = networks;
    const lone = { name: "data", networkAttachment: { name: "storage", address: "10.8.0.8/24" } };
    expect(data?.name).toBe(lone.name);
    await tenant.createServer("db", {
      networks: [lone],
      schedulerHints: { differentHost: ["web"] },
    });
    await untilUp("db");
    expect((await tenant.server("db")).status?.hypervisor).not.toBe(host);
    const answer = await (await tenant.console("db")).ask(
      "/sh?c=wget -T 10 -qO- http://10.8.0.7/",
      30,
    );
    expect(answer).toContain(mac);
    await tenant.kubectl("delete", "server", "-n", namespace, "db", "--timeout=60s");
  });

  test("a server with an address of another one is told both fields, and nothing is made of it", async () => {
    const card = {
      name: "data",
      mac,
      networkAttachment: { name: "storage", address: "10.8.0.7/24" },
    };
    await tenant.createServer("late", { networks: [card] });
    const { message } = await untilReason("late", "AddressInUse");
    expect(message).toContain(`server web was first with spec.networks[0].mac ${mac}`);
    expect(message).toContain("spec.networks[0].networkAttachment.address 10.8.0.7");
    expect(await tenant.guestsOf("late")).toEqual([]);
    const events = await tenant.kubectl(
      "get",
      "events",
      "-n",
      namespace,
      "-o",
      "jsonpath={.items[*].message}",
    );
    expect(events).toContain(message);
    await tenant.kubectl("delete", "server", "-n", namespace, "late", "--timeout=60s");
  });

  test("a running guest keeps its MTU when the pod network's is another one, and that is told", async () => {
    const qemu = await tenant.qemu("web");
    await run("nsenter", ["-t", `${qemu.pid}`, "-n", "ip", "link", "set", "eth0", "mtu", "1400"]);
    // The next agent looks at once, not within minutes.
    const { hypervisor } = (await tenant.server("web")).status ?? {};
    for (const agent of agentsOn(hypervisor)) killNow(agent);
    const told = await until("the change is told", () => conditionOf("web", "RestartRequired"), {
      timeoutSeconds: 60,
    });
    expect(told.message).toContain("the MTU of network front is 1400, the guest has 1500");
    await inGuest(tenant, "web", "kill -USR1 $(pidof udhcpc); sleep 1");
    expect(await inGuest(tenant, "web", "ifconfig eth0")).toContain("MTU:1500 ");
    expect((await tenant.qemu("web")).pid).toBe(qemu.pid);
  });

  test("keeps order, names and addresses over stop and start, with the MTU of the day", async () => {
    const cards = "cat /sys/class/net/eth*/address";
    const before = await inGuest(tenant, "web", cards);
    const { addresses } = (await tenant.server("web")).status ?? {};
    await tenant.patchServer("web", { powerState: "Stopped" });
    await tenant.untilPhase("web", "SHUTOFF");
    await tenant.patchServer("web", { powerState: "Running" });
    await untilUp("web", 2);
    expect((await tenant.server("web")).status?.addresses).toEqual(addresses);
    expect(await inGuest(tenant, "web", cards)).toBe(before);
    expect(await lease("eth1")).toContain("inet addr:10.8.0.7 ");
    expect(await inGuest(tenant, "web", "ifconfig eth0")).toContain("MTU:1400 ");
    expect(await conditionOf("web", "RestartRequired")).toBeUndefined();
    await tenant.kubectl("delete", "server", "-n", namespace, "web", "--timeout=60s");
  });

  test("an address that the network keeps has a claim that goes with its server", async () => {
    const keeping = { subnet: "10.10.0.0/24", allowPersistentIPs: true };
    await tenant.apply(bridgedNetwork(namespace, "lasting", keeping));
    await tenant.createServer("keeper", {
      networks: [{ name: "data", networkAttachment: { name: "lasting" } }],
    });
    await tenant.untilPhase("keeper", "ACTIVE", 120);
    const claims = ["get", "ipamclaims", "-n", namespace, "-o"];
    const spec = JSON.parse(
      await tenant.kubectl(...claims, "jsonpath={.items[0].spec}"),
    ) as unknown;
    expect(spec).toEqual({ network: "lasting", interface: "net0" });
    const name = await tenant.kubectl(...claims, "jsonpath={.items[*].metadata.name}");
    const { podName = "" } = (await tenant.server("keeper")).status ?? {};
    const pod = await tenant.kubectl("get", "pod", "-n", namespace, podName, "-o", "json");
    expect(pod).toContain(`\\"ipam-claim-reference\\":\\"${name}\\"`);
    await tenant.kubectl("delete", "server", "-n", namespace, "keeper", "--timeout=60s");
    const isGone = async (): Promise<boolean> => (await tenant.kubectl(...claims, "name")) === "";
    await until("the claim is gone", isGone, { timeoutSeconds: 60 });
  });
});
