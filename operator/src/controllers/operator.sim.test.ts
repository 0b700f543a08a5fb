// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Refused } from "../ports/errors.ts";
import { resources } from "../ports/kube.ts";
import { FakeCluster } from "../testing/fake-cluster.ts";
import { serverRef } from "../testing/fake-workers.ts";
import { interceptKube } from "../testing/intercepted-kube.ts";
import { startOperatedCluster } from "../testing/operated-cluster.ts";
import { OperatorProcess } from "../testing/operator-process.ts";

describe("an operator", () => {
  let cluster: FakeCluster;
  let operator: OperatorProcess;

  beforeEach(async () => {
    ({ cluster, operator } = await startOperatedCluster());
  });

  afterEach(() => operator.stopFaultless());

  const phase = async (name?: string) => (await cluster.server(name))?.status?.phase;
  const untilPhase = (wanted: string) => cluster.until(wanted, () => cluster.isSettled(wanted));
  const writesOf = (...kinds: string[]) =>
    cluster.kube.writes.filter(({ kind }) => kinds.includes(kind));

  test("takes a server from its creation to ACTIVE within the budget of writes", async () => {
    await cluster.createServer();
    cluster.kube.writes.length = 0;
    await untilPhase("ACTIVE");
    const writes = writesOf("Server", "Guest", "Pod")
      // The kubelet's own word is no write of ours.
      .filter(({ kind, verb }) => kind !== "Pod" || verb !== "updateStatus");
    expect(writes.map(({ kind, verb }) => `${verb} ${kind}`)).toEqual([
      "patch Server",
      "updateStatus Server",
      "create Guest",
      "create Pod",
      "updateStatus Guest",
      "updateStatus Guest",
      "updateStatus Server",
    ]);
  });

  test("stops, starts and deletes it, and leaves nothing behind", async () => {
    await cluster.createServer();
    await untilPhase("ACTIVE");
    await cluster.patchServer({ powerState: "Stopped" });
    await untilPhase("SHUTOFF");
    await cluster.patchServer({ powerState: "Running" });
    await untilPhase("ACTIVE");
    await cluster.deleteServer();
    await cluster.until("gone", async () => (await cluster.server()) === undefined);
    await cluster.until("all is gone", async () => {
      const left = await Promise.all([
        cluster.list(resources.guests),
        cluster.list(resources.pods),
        cluster.list(resources.podDisruptionBudgets),
      ]);
      const nodes = await cluster.list(resources.nodes);
      const isUnmarked = nodes.every(
        ({ metadata }) => metadata.labels?.["kilonova.io/in-use"] !== "true",
      );
      return left.flat().length === 0 && isUnmarked;
    });
    expect(cluster.diskCount).toBe(0);
  });

  test("writes nothing when all is as it should be", async () => {
    await cluster.createServer();
    await untilPhase("ACTIVE");
    await cluster.until("usage is told", async () => {
      const hypervisors = await cluster.list(resources.hypervisors);
      return hypervisors.some(({ status }) => status?.usage?.servers === 1);
    });
    // Candidates of flavors are counted again after half a minute.
    const countedMs = cluster.clock.monotonicMs() + 40_000;
    await cluster.until("all is counted", () => cluster.clock.monotonicMs() >= countedMs);
    cluster.kube.writes.length = 0;
    const untilMs = cluster.clock.monotonicMs() + 120_000;
    await cluster.until("two minutes", () => cluster.clock.monotonicMs() >= untilMs, 130);
    expect(cluster.kube.writes.filter(({ kind }) => kind !== "Lease")).toEqual([]);
    expect(writesOf("Lease").length).toBeGreaterThan(50);
  });

  test("does not put more on a host than it holds, however many servers come at once", async () => {
    const names = Array.from({ length: 45 }, (_, index) => `server-${index}`);
    await Promise.all(names.map((name) => cluster.createServer({}, name)));
    await cluster.until("all have a place or wait", async () => {
      const phases = await Promise.all(names.map(phase));
      return phases.every((found) => found === "ACTIVE" || found === "PENDING");
    });
    // 100 GiB of disk at 10 GiB each, on each of three hosts.
    for (const node of cluster.nodes) expect(node.domains.size).toBe(10);
    const servers = await cluster.list(resources.servers);
    const uids = servers.flatMap(({ status }) => status?.machine?.uid ?? []);
    expect(new Set(uids).size).toBe(30);
    const waiting = servers.find(({ status }) => status?.phase === "PENDING");
    expect(waiting?.status?.conditions?.[0]?.message).toBe(
      "0 of 3 hypervisors: 3 lack 10 GiB DISK_GB",
    );
    // One makes room: one that waits goes on.
    const leaving = servers.find(({ status }) => status?.phase === "ACTIVE");
    await cluster.kube.delete(resources.servers, {
      namespace: "team",
      name: leaving?.metadata.name ?? "",
    });
    await cluster.until("the next one runs", async () => {
      const found = await cluster.list(resources.servers);
      return found.filter(({ status }) => status?.phase === "ACTIVE").length === 30;
    });
  });

  test("goes on by itself when flavor and image appear", async () => {
    await cluster.createServer({ flavor: "m1.later", image: { name: "later" } });
    await untilPhase("PENDING");
    const writer = { fieldManager: "a-user" };
    const [flavor] = await cluster.list(resources.flavors);
    const [image] = await cluster.list(resources.images);
    if (flavor === undefined || image === undefined) throw new Error("not prepared");
    const later = { ...flavor, metadata: { name: "m1.later" } };
    await cluster.kube.create(resources.flavors, later, writer);
    const other = { ...image, metadata: { name: "later", namespace: "team" } };
    await cluster.kube.create(resources.images, other, writer);
    await untilPhase("ACTIVE");
    expect((await cluster.server())?.status?.flavor?.name).toBe("m1.later");
  });

  test("says that a host is silent, leaves its servers there, and finds them again", async () => {
    await cluster.createServer();
    await untilPhase("ACTIVE");
    const host = (await cluster.server())?.status?.hypervisor;
    cluster.node(host).isUp = false;
    const reason = async () => (await cluster.server())?.status?.conditions?.[0]?.reason;
    await cluster.until("silent", async () => (await reason()) === "HostUnreachable");
    expect(await phase()).toBe("ACTIVE");
    expect(cluster.nodes.reduce((sum, node) => sum + node.domains.size, 0)).toBe(1);
    cluster.node(host).isUp = true;
    await cluster.until("found again", async () => (await reason()) === "AsDesired");
    expect((await cluster.server())?.status?.run?.token).toBe(1);
  });

  test("replaces a pod that was deleted, and the guest runs again with its disk", async () => {
    await cluster.createServer();
    await untilPhase("ACTIVE");
    const { metadata, status } = (await cluster.server()) ?? {};
    const pod = { namespace: "team", name: status?.podName ?? "" };
    await cluster.kube.delete(resources.pods, pod);
    cluster.node(status?.hypervisor).stop(pod.name, "Pod");
    await cluster.until("another boot", async () => {
      const [guest] = await cluster.list(resources.guests);
      return guest?.status?.boot === 2 && guest.status.domain === "Running";
    });
    await untilPhase("ACTIVE");
    expect(cluster.domainsOf(metadata?.uid)).toBe(1);
  });

  test("tells what quota refuses, and goes on when it is raised", async () => {
    await operator.stop();
    let isFull = true;
    const quota = interceptKube(cluster.kube, {
      before({ verb, kind }) {
        if (verb !== "create" || kind !== "Pod" || !isFull) return;
        throw new Refused("Forbidden", "exceeded quota: pods=0");
      },
    });
    const { clock, random } = cluster;
    operator = new OperatorProcess({ clock, random, kube: quota });
    await cluster.createServer();
    const ready = async () => (await cluster.server())?.status?.conditions?.[0];
    await cluster.until("refused", async () => (await ready())?.reason === "PodRefused");
    expect((await ready())?.message).toBe("exceeded quota: pods=0");
    isFull = false;
    await untilPhase("ACTIVE");
    expect((await cluster.server())?.status?.run?.token).toBe(1);
  });

  test("tells which labels a policy keeps from the pod, and all else of the server as ever", async () => {
    await operator.stop();
    let isRefused = true;
    const policy = interceptKube(cluster.kube, {
      before({ verb, kind }) {
        if (verb !== "patch" || kind !== "Pod" || !isRefused) return;
        throw new Refused("Forbidden", "label owner: write a team's name");
      },
    });
    const { clock, random } = cluster;
    operator = new OperatorProcess({ clock, random, kube: policy });
    await cluster.createServer();
    await untilPhase("ACTIVE");
    const writer = { fieldManager: "user" };
    const change = { metadata: { labels: { owner: "x" } }, spec: { powerState: "Stopped" } };
    await cluster.kube.patch(resources.servers, { namespace: "team", name: "web" }, change, writer);
    const told = async () =>
      (await cluster.server())?.status?.conditions?.find(({ type }) => type === "PodOutdated");
    await cluster.until("told", async () => (await told())?.reason === "PodChangeRefused");
    expect((await told())?.message).toContain(
      "metadata.labels (owner) does not reach the server's pod: label owner: write a team's name",
    );
    await untilPhase("SHUTOFF");
    expect(await told()).toBeDefined();
    isRefused = false;
    await cluster.until("so", async () => (await told()) === undefined);
    const [pod] = await cluster.list(resources.pods);
    expect(pod?.metadata.labels).toMatchObject({ owner: "x" });
  });

  test("calls no host down because its own watch of the heartbeats is silent", async () => {
    await operator.stop();
    const silence = new AbortController();
    const silent = interceptKube(cluster.kube, {
      before: async ({ verb, kind }) => {
        if (verb === "watch" && kind === "Lease") await once(silence.signal, "abort");
      },
    });
    const { clock, random } = cluster;
    operator = new OperatorProcess({ clock, random, kube: silent });
    cluster.kube.writes.length = 0;
    const untilMs = clock.monotonicMs() + 120_000;
    await cluster.until("two minutes", () => clock.monotonicMs() >= untilMs, 130);
    silence.abort();
    expect(writesOf("Hypervisor")).toEqual([]);
    const hypervisors = await cluster.list(resources.hypervisors);
    expect(hypervisors.map(({ status }) => status?.state)).toEqual(["up", "up", "up"]);
  });

  test("keeps drains from ending guests, for as long as there are servers", async () => {
    await cluster.createServer();
    await untilPhase("ACTIVE");
    const budget = { namespace: "team", name: "kilonova-servers" };
    const available = async () => {
      const [found] = await cluster.list(resources.podDisruptionBudgets);
      return found?.spec.minAvailable;
    };
    expect(await available()).toBe(1_000_000);
    const change = { spec: { minAvailable: 0 } };
    const tenant = { fieldManager: "a-tenant" };
    await cluster.kube.patch(resources.podDisruptionBudgets, budget, change, tenant);
    await cluster.until("it is put right", async () => (await available()) === 1_000_000);
    await cluster.kube.delete(resources.podDisruptionBudgets, budget);
    await cluster.until("it is made again", async () => (await available()) === 1_000_000);
    await cluster.deleteServer();
    await cluster.until(
      "it goes with the last server",
      async () => (await available()) === undefined,
    );
  });

  test("keeps the agent on a node whose label is taken away while servers are there", async () => {
    await cluster.createServer();
    await untilPhase("ACTIVE");
    const name = (await cluster.server())?.status?.hypervisor ?? "";
    const isMarked = async () => {
      const node = await cluster.kube.get(resources.nodes, { name });
      return node.metadata.labels?.["kilonova.io/in-use"] === "true";
    };
    await cluster.until("marked", isMarked);
    const change = { metadata: { labels: { "kilonova.io/hypervisor": null } } };
    await cluster.kube.patch(resources.nodes, { name }, change, { fieldManager: "admin" });
    await cluster.clock.advance(60_000);
    expect(await isMarked()).toBe(true);
    const names = async () =>
      (await cluster.list(resources.hypervisors)).map(({ metadata }) => metadata.name);
    expect(await names()).toContain(name);
    await cluster.createServer({}, "elsewhere");
    await cluster.until(
      "the next goes elsewhere",
      async () => (await phase("elsewhere")) === "ACTIVE",
    );
    expect((await cluster.server("elsewhere"))?.status?.hypervisor).not.toBe(name);
    await cluster.deleteServer();
    await cluster.until(
      "let go",
      async () => !(await isMarked()) && !(await names()).includes(name),
    );
  });

  test("ends guests at once when their namespace begins to go", async () => {
    const writer = { fieldManager: "a-user" };
    const metadata = { name: "team", finalizers: ["x/all-content"] };
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata };
    await cluster.kube.create(resources.namespaces, namespace, writer);
    await cluster.createServer();
    await untilPhase("ACTIVE");
    await cluster.kube.delete(resources.namespaces, { name: "team" });
    // The namespace controller has only come to the pods yet.
    await cluster.until(
      "no guest",
      async () => (await cluster.list(resources.guests)).length === 0,
    );
    expect((await cluster.server())?.metadata.finalizers ?? []).toEqual([]);
    expect(cluster.diskCount).toBe(0);
    expect(await cluster.list(resources.pods)).toEqual([]);
  });

  test("lets a namespace go with all that is in it", async () => {
    await cluster.createServer();
    await untilPhase("ACTIVE");
    cluster.kube.deleteNamespace(serverRef.namespace);
    await cluster.until("gone", () => !cluster.kube.isTerminating(serverRef.namespace), 60);
    expect(cluster.nodes.reduce((sum, node) => sum + node.domains.size + node.disks.size, 0)).toBe(
      0,
    );
  });
});

test("of a burst, the first servers run long before the last has a host", async () => {
  const cluster = new FakeCluster({ hosts: Array.from({ length: 20 }, (_, at) => `node-${at}`) });
  await cluster.prepare();
  const count = 120;
  const names = Array.from({ length: count }, (_, index) => `web-${index}`);
  for (const name of names) await cluster.createServer({}, name);
  // Everything takes its time, so that there is an order.
  const kube = interceptKube(cluster.kube, {
    before: ({ verb }) => (verb === "watch" ? undefined : cluster.clock.sleep(200)),
  });
  const { clock, random } = cluster;
  const operator = new OperatorProcess({ kube, clock, random });
  let waiting = 0;
  await cluster.until("the first runs", async () => {
    const all = await cluster.list(resources.servers);
    waiting = all.filter(({ status }) => status?.run === undefined).length;
    return all.some(({ status }) => status?.phase === "ACTIVE");
  });
  expect(waiting).toBeGreaterThan(count / 3);
  await Promise.all([operator.stopFaultless(), cluster.clock.advance(60_000)]);
});
