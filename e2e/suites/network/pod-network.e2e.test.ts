// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guestAddress6 } from "../../../operator/src/core/guest/network/private-network6.ts";
import { get, httpGet, inGuest } from "../../framework/http.ts";
import { Peer } from "../../framework/peer.ts";
import { killNow } from "../../framework/processes.ts";
import { readyEndpoints, serviceOf } from "../../framework/services.ts";
import { Tenant } from "../../framework/tenant.ts";
import { agentsOn } from "../../framework/victims.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-pod-network";

describe("a server on the pod network", () => {
  let tenant: Tenant;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    const service = serviceOf(tenant, "web", { app: "web" });
    const service6 = serviceOf(tenant, "web6", { app: "web" });
    const spec = { ...service6.spec, ipFamilies: ["IPv6"] };
    await tenant.apply(service, { ...service6, spec });
    await tenant.createServer("web", {}, { app: "web" });
    await tenant.untilPhase("web", "ACTIVE", 90);
    await (await tenant.console("web")).until(/KILONOVA-GUEST up/, { timeoutSeconds: 150 });
  });

  afterAll(() => tenant.remove());

  const podOf = async (name: string): Promise<string> =>
    (await tenant.server(name)).status?.podName ?? "";
  const inPod = async (...command: readonly string[]): Promise<string> =>
    tenant.kubectl("exec", "-n", namespace, await podOf("web"), "--", ...command);
  /** Tells a server from any other, in what its guest says of itself. */
  const macOf = async (name: string): Promise<string> =>
    (await tenant.server(name)).status?.addresses?.[0]?.mac ?? "no card";
  const addressOf = async (name: string): Promise<string> =>
    (await tenant.server(name)).status?.addresses?.[0]?.address ?? "";
  const floating6 = async (): Promise<string> =>
    (await tenant.server("web")).status?.addresses?.[1]?.address ?? "";

  test("names its addresses, of both families", async () => {
    const mac = await macOf("web");
    const [ip, ip6] = (
      await tenant.kubectl(
        ...["get", "pod", "-n", namespace, await podOf("web")],
        ...["-o", "jsonpath={.status.podIPs[*].ip}"],
      )
    ).split(" ");
    expect((await tenant.server("web")).status?.addresses).toEqual([
      { network: "default", type: "floating", address: ip, mac },
      { network: "default", type: "floating", address: ip6, mac },
      { network: "default", type: "fixed", address: "10.0.2.2", mac },
      { network: "default", type: "fixed", address: guestAddress6(mac), mac },
    ]);
    const cards = await inGuest(tenant, "web", "ip -6 addr show dev eth0 scope global");
    expect(cards).toContain(`inet6 ${guestAddress6(mac)}/64`);
  });

  test.each(["web", "web6"])("is reached through Service %s from every node", async (service) => {
    const { nodes } = await tenant.world.cluster.status();
    expect(nodes.length).toBeGreaterThan(1);
    for (const { name } of nodes) {
      const answer = await get(tenant, name, await serviceAddress(tenant, service), "/");
      expect(answer).toContain(await macOf("web"));
    }
  });

  test("talks IPv6 with a pod of another node, each reaching the other at its address", async () => {
    const host = (await tenant.server("web")).status?.hypervisor;
    const { nodes } = await tenant.world.cluster.status();
    const nodeName = nodes.find(({ name }) => name !== host)?.name ?? "";
    const peer = await Peer.start(tenant, { name: "peer", nodeName });
    const [, address6 = ""] = await peer.addresses();
    expect(address6).toContain(":");
    for (const to of [await floating6(), await serviceAddress(tenant, "web6")]) {
      expect(await peer.get(`http://[${to}]/`)).toContain(await macOf("web"));
    }
    const asked = await inGuest(tenant, "web", `wget -T 10 -qO- http://[${address6}]:8000/`);
    expect(asked).toBe(await floating6());
  });

  test("has the name servers of its pod and the MTU of its network", async () => {
    const [nameserver = "missing"] =
      /nameserver \S+/.exec(await inPod("cat", "/etc/resolv.conf")) ?? [];
    expect(await inGuest(tenant, "web", "cat /etc/resolv.conf")).toContain(nameserver);
    const mtu = await inPod("cat", "/sys/class/net/eth0/mtu");
    expect(await inGuest(tenant, "web", "ifconfig eth0")).toContain(`MTU:${mtu.trim()} `);
  });

  test("reaches other servers, and itself through its own Service", async () => {
    await tenant.boot("other");
    const wget = "wget -T 10 -qO-";
    expect(await inGuest(tenant, "web", `${wget} http://${await addressOf("other")}/`)).toContain(
      await macOf("other"),
    );
    const own = [await serviceAddress(tenant, "web"), `[${await serviceAddress(tenant, "web6")}]`];
    for (const host of own) {
      expect(await inGuest(tenant, "web", `${wget} http://${host}/`)).toContain(await macOf("web"));
    }
    await tenant.kubectl("delete", "server", "-n", namespace, "other", "--timeout=60s");
  });

  test("is reached by kubectl port-forward", async () => {
    const { path, env } = await tenant.world.cluster.client("kubectl");
    const target = ["-n", namespace, `pod/${await podOf("web")}`, ":80"];
    const forward = spawn(path, ["port-forward", ...target], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = (await once(forward.stdout, "data")) as [Buffer];
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(line.toString()) ?? [];
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      expect(await answer.text()).toContain(await macOf("web"));
    } finally {
      forward.kill();
      await once(forward, "exit");
    }
  });

  test("answers while its node's agent is replaced, and keeps an open connection", async () => {
    const { status } = await tenant.server("web");
    const stream = await openStream(tenant, await addressOf("web"));
    await until("the stream flows", async () => stream.lines() > 3, { timeoutSeconds: 20 });
    for (const agent of agentsOn(status?.hypervisor)) killNow(agent);
    const renewed = await inGuest(
      tenant,
      "web",
      "kill -USR1 $(pidof udhcpc); sleep 1; ifconfig eth0",
    );
    expect(renewed).toContain("10.0.2.2");
    const within = { timeoutSeconds: 60 };
    const hasAgent = async (): Promise<boolean> => agentsOn(status?.hypervisor).length === 1;
    await until("a new agent runs", hasAgent, within);
    const then = stream.lines();
    await until("the stream flows on", async () => stream.lines() > then + 100, within);
    await stream.stop();
  });

  test("keeps its private address over stop and start, and has no endpoint while it is off", async () => {
    const before = (await tenant.server("web")).status?.addresses;
    await tenant.patchServer("web", { powerState: "Stopped" });
    await tenant.untilPhase("web", "SHUTOFF");
    const within = { timeoutSeconds: 20 };
    const endpoints = async (): Promise<number> => (await readyEndpoints(tenant, "web")).length;
    await until("the Service leads nowhere", async () => (await endpoints()) === 0, within);
    await tenant.patchServer("web", { powerState: "Running" });
    await tenant.untilPhase("web", "ACTIVE");
    expect((await tenant.server("web")).status?.addresses).toEqual(before);
    await until("the Service leads to it", async () => (await endpoints()) === 1, within);
    await tenant.askUntilAnswered("web", "/");
  });
});

async function serviceAddress(tenant: Tenant, name: string): Promise<string> {
  const path = "jsonpath={.spec.clusterIP}";
  return tenant.kubectl("get", "service", "-n", namespace, name, "-o", path);
}

async function openStream(tenant: Tenant, address: string) {
  // It ends by itself: who kills the way into the node does not reach what runs there.
  const command = ["timeout", "90", ...httpGet(address, "/stream").slice(2)];
  const [program = "", ...args] = await tenant.world.cluster
    .node("node-1")
    .terminalCommand(command);
  const stream = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  let lines = 0;
  stream.stdout.on("data", (text: Buffer) => (lines += text.toString().split("\n").length - 1));
  return {
    lines: (): number => lines,
    stop: async (): Promise<void> => {
      stream.kill("SIGKILL");
      stream.stdout.destroy();
      await once(stream, "exit");
    },
  };
}
