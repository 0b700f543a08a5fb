// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guestAddress6 } from "../../core/guest/network/private-network6.ts";
import { buildDomain } from "../../core/guest/build.ts";
import { domainXml } from "../../core/guest/xml.ts";
import { aGuest } from "../../testing/builders.ts";
import { describePodNetworksConformance } from "../../testing/pod-networks.conformance.ts";
import { PodNetworkWorld } from "../../testing/pod-network-world.ts";
import { until } from "../../testing/until.ts";

const mtu = 1400;
const { spec } = aGuest();
const backMac = "52:54:00:00:00:02";
const networks = [
  ...spec.domain.networks,
  { name: "back", mac: backMac, networkAttachment: { name: "storage" } },
];
const cpus = { vcpus: 2, networkQueues: 2 };
const domain = { ...spec.domain, networks, memoryMib: 192, hostname: "web.example.org", ...cpus };
const guest = { networks, hostname: domain.hostname, queues: cpus.networkQueues };
let world: PodNetworkWorld;

beforeAll(async () => {
  world = await PodNetworkWorld.start(mtu);
  await world.connect(guest);
  await world.pod.boot("bios", domainXml(buildDomain(aGuest({ spec: { domain } }), "qemu")));
});

afterAll(() => world.close());

const get = (url: string): readonly string[] => ["curl", "--silent", "--max-time", "20", url];

/** An HTTP server on the node that answers with the address that it was asked from. */
const echoScript = `
require("node:http")
  .createServer((request, response) => response.end(request.socket.remoteAddress))
  .listen(8000, "10.9.0.1", () => console.log("ready"));
`;

describe("a guest behind its pod's address", () => {
  test("got its address, its name and the pod's MTU by DHCP", async () => {
    expect(world.pod.stdout).toContain("10.0.2.2");
    expect(await world.inGuest("ifconfig eth0")).toMatch(/inet addr:10\.0\.2\.2 .*MTU:1400/s);
    expect(await world.inGuest("route -n")).toMatch(/^0\.0\.0\.0\s+10\.0\.2\.1/m);
  });

  test("answers at every port of the pod but the kubelet's", async () => {
    expect(JSON.parse(await world.onNode(...get("http://10.9.0.2/")))).toHaveProperty("hostname");
    // The guest refuses; the pod's init takes the connection and says nothing.
    const dial = (port: number): Promise<string> =>
      world.onNode("sh", "-c", `curl --silent --max-time 5 http://10.9.0.2:${port}/; echo $?`);
    expect(await dial(11)).toBe("7\n");
    expect(await dial(10)).toMatch(/^5[26]\n$/);
  });

  test("answers who dials the pod's loopback, as kubectl port-forward does", async () => {
    for (const address of ["127.0.0.1", "10.9.0.2"]) {
      const answer = await world.inPod(...get(`http://${address}/`));
      expect(JSON.parse(answer)).toHaveProperty("hostname");
    }
  });

  test("reaches the node with its pod's address, and itself by it", async () => {
    const server = world.startOnNode(process.execPath, "-e", echoScript);
    if (server.stdout !== null) await once(server.stdout, "data");
    expect(await world.inGuest("wget -qO- http://10.9.0.1:8000/")).toContain("10.9.0.2");
    expect(await world.inGuest("wget -qO- http://10.9.0.2/")).toContain('"boot_id"');
    server.kill();
  });

  test("cannot speak for another address, nor reach the pod's loopback", async () => {
    const other = "ip addr add 10.0.2.9/24 dev eth0; ping -c 1 -W 1 -I 10.0.2.9 10.9.0.1";
    expect(await world.inGuest(other)).toContain("100% packet loss");
    const loopback =
      "ip route del local 127.0.0.0/8 table local; ip addr flush dev lo; " +
      "ip route add 127.0.0.1 via 10.0.2.1; ping -c 1 -W 1 127.0.0.1; " +
      "ip route del 127.0.0.1; ifconfig lo 127.0.0.1";
    expect(await world.inGuest(loopback)).toContain("100% packet loss");
  });

  test("renews its lease without an agent", async () => {
    const renewal = "kill -USR1 $(pidof udhcpc); sleep 1; ifconfig eth0";
    expect(await world.inGuest(renewal)).toContain("10.0.2.2");
  });

  test("keeps an open connection while a new agent connects it anew", async () => {
    const stream = world.startOnNode("curl", "--silent", "--no-buffer", "http://10.9.0.2/stream");
    let lines = 0;
    stream.stdout?.on("data", (text: Buffer) => (lines += text.toString().split("\n").length - 1));
    await until("the stream flows", () => lines > 3);
    const before = await world.connect(guest);
    expect(await world.connect(guest)).toEqual(before);
    const then = lines;
    await until("the stream flows on", () => lines > then + 10);
    stream.kill();
    expect(JSON.parse(await world.onNode(...get("http://10.9.0.2/")))).toHaveProperty("hostname");
  });

  test("has the pairs of queues that it shall have, and works by them", async () => {
    for (const card of ["eth0", "eth1"]) {
      const queues = await world.inGuest(`ls /sys/class/net/${card}/queues`);
      expect(queues.trim().split(/\s+/)).toEqual(["rx-0", "rx-1", "tx-0", "tx-1"]);
    }
  });

  test("is counted, by its card", async () => {
    const { tap0: before } = await world.traffic();
    await world.inGuest("dd if=/dev/zero bs=1k count=100 2>/dev/null");
    const { tap0: after } = await world.traffic();
    expect((after?.receivedBytes ?? 0) - (before?.receivedBytes ?? 0)).toBeGreaterThan(100_000);
    expect(after?.sentPackets).toBeGreaterThan(before?.sentPackets ?? 0);
  });
});

describe("a guest whose pod has IPv6", () => {
  const own = guestAddress6(spec.domain.networks[0]?.mac ?? "");

  test("makes the address that others expect, and is told of its router and MTU", async () => {
    const address = await world.inGuest("ip -6 addr show dev eth0 scope global");
    expect(address).toContain(`inet6 ${own}/64`);
    expect(await world.inGuest("ip -6 route show default")).toContain("via fe80::1 dev eth0");
    const [connected] = await world.connect(guest);
    expect(connected).toMatchObject({
      addresses: ["10.0.2.2", own],
      reachedAt: ["10.9.0.2", "fd09::2"],
    });
  });

  test("answers at its pod's address, at every port but the kubelet's", async () => {
    expect(await world.onNode(...get("http://[fd09::2]/"))).toContain("hostname");
    expect(await world.inPod(...get("http://[fd09::2]/"))).toContain("hostname");
    const dial = "curl --silent --max-time 5 http://[fd09::2]:10/; echo $?";
    expect(await world.onNode("sh", "-c", dial)).toMatch(/^5[26]\n$/);
  });

  test("reaches the node with its pod's address, and itself by it", async () => {
    const server = world.startOnNode(process.execPath, "-e", echoScript.replace("10.9.0.1", "::"));
    if (server.stdout !== null) await once(server.stdout, "data");
    expect(await world.inGuest("wget -qO- http://[fd09::1]:8000/")).toContain("fd09::2");
    expect(await world.inGuest("wget -qO- http://[fd09::2]/")).toContain('"boot_id"');
    server.kill();
  });

  test("cannot speak for another address", async () => {
    const other =
      "ip -6 addr add fd44::9/64 dev eth0; sleep 3; ping -6 -c 1 -W 1 -I fd44::9 fd09::1; ip -6 addr del fd44::9/64 dev eth0";
    expect(await world.inGuest(other)).toContain("100% packet loss");
  });

  test("finds its router again after it was gone, when it asks", async () => {
    const anew =
      "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; sleep 4; ip -6 addr show dev eth0; ip -6 route show default";
    const found = await world.inGuest(anew);
    expect(found).toContain(`inet6 ${own}/64`);
    expect(found).toContain("via fe80::1");
  });
});

describe("a guest on a network of Multus", () => {
  test("has the address that IPAM gave to its pod, and is on the wire with its own card", async () => {
    const ask = "udhcpc -i eth1 -n -q -t 5 -s /etc/udhcpc.sh; ifconfig eth1";
    expect(await world.inGuest(ask)).toContain("inet addr:10.8.0.7 ");
    const answer = await world.onNode(...get("http://10.8.0.7/"));
    expect(answer).toContain(backMac);
    expect(await world.onNode("ip", "neigh", "show", "10.8.0.7")).toContain(backMac);
  });

  test("keeps its address when a new agent connects it anew", async () => {
    const [, back] = await world.connect(guest);
    expect(back).toMatchObject({ mac: backMac, addresses: ["10.8.0.7"] });
    const renewal = "ip addr flush dev eth1; udhcpc -i eth1 -n -q -t 5 -s /etc/udhcpc.sh";
    expect(await world.inGuest(renewal)).toContain("10.8.0.7");
    expect(await world.onNode(...get("http://10.8.0.7/"))).toContain(backMac);
  });
});

describePodNetworksConformance("real", async () => world);
