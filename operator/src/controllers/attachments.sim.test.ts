// SPDX-License-Identifier: Apache-2.0
/** Servers on networks of Multus: what the operator waits for, makes and lets go. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { label } from "../api/names.ts";
import { conditionOf } from "../core/lib/condition-set.ts";
import { resources } from "../ports/kube.ts";
import { FakeCluster } from "../testing/fake-cluster.ts";
import { OperatorProcess } from "../testing/operator-process.ts";

let cluster: FakeCluster;
let operator: OperatorProcess;
const writer = { fieldManager: "administrator" };
const networks = [
  { name: "front", pod: {} },
  { name: "back", mac: "52:54:00:00:00:02", networkAttachment: { name: "storage" } },
];

beforeEach(async () => {
  cluster = new FakeCluster();
  await cluster.prepare();
  operator = new OperatorProcess(cluster);
});

afterEach(async () => {
  await operator.stop();
  const error = operator.log.lines.find(({ level }) => level === "error");
  if (error !== undefined) throw new Error(error.message, { cause: error.err });
});

const readyOf = async (name: string) =>
  conditionOf((await cluster.server(name))?.status?.conditions, "Ready");
const untilReason = (name: string, reason: string): Promise<void> =>
  cluster.until(`${name}: ${reason}`, async () => (await readyOf(name))?.reason === reason);

async function define(config: object): Promise<void> {
  const { group, version, kind } = resources.networkAttachments;
  const object = {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name: "storage", namespace: "team" },
    spec: { config: JSON.stringify(config) },
  };
  await cluster.kube.create(resources.networkAttachments, object, writer);
}

test("a network that is not there is waited for, and told in an Event", async () => {
  await cluster.createServer({ networks }, "web");
  await untilReason("web", "NetworkAttachmentNotFound");
  expect(await cluster.list(resources.guests)).toEqual([]);
  const events = await cluster.list(resources.events);
  const told = events.find(({ reason }) => reason === "NetworkAttachmentNotFound");
  expect(told?.note).toContain("namespace team has no NetworkAttachmentDefinition storage");
  await define({ name: "lan", type: "bridge" });
  await untilReason("web", "AsDesired");
  expect(await cluster.list(resources.ipamClaims)).toEqual([]);
});

test("of two servers that ask at once for one hardware address, one waits until the other is gone", async () => {
  await define({ name: "lan", type: "bridge" });
  const names = ["one", "other"];
  await Promise.all(names.map((name) => cluster.createServer({ networks }, name)));
  const reasons = async () => Promise.all(names.map(async (name) => (await readyOf(name))?.reason));
  await cluster.until("one runs and one waits", async () => {
    return (await reasons()).map(String).toSorted().join() === "AddressInUse,AsDesired";
  });
  const isFirst = (await readyOf("one"))?.reason === "AsDesired";
  const [winner = "", loser = ""] = isFirst ? names : names.toReversed();
  const guests = await cluster.list(resources.guests);
  expect(guests.map(({ spec }) => spec.server.name)).toEqual([winner]);
  await cluster.kube.delete(resources.servers, { namespace: "team", name: winner });
  await untilReason(loser, "AsDesired");
});

test("a lasting address has a claim from before the first pod until the Server is gone", async () => {
  await define({ name: "lan", type: "ovn", allowPersistentIPs: true });
  await cluster.createServer({ networks }, "web");
  await untilReason("web", "AsDesired");
  const [claim] = await cluster.list(resources.ipamClaims);
  expect(claim?.spec).toEqual({ network: "lan", interface: "net1" });
  const [pod] = await cluster.list(resources.pods);
  expect(pod?.metadata.annotations?.["k8s.v1.cni.cncf.io/networks"]).toContain(
    `"ipam-claim-reference":"${claim?.metadata.name}"`,
  );
  await cluster.kube.delete(resources.pods, { namespace: "team", name: pod?.metadata.name ?? "" });
  await cluster.until("there is another pod, with the same claim", async () => {
    const pods = await cluster.list(resources.pods);
    return pods.some(({ metadata }) => metadata.uid !== pod?.metadata.uid);
  });
  await untilReason("web", "AsDesired");
  expect(await cluster.list(resources.ipamClaims)).toEqual([claim]);
  await cluster.kube.delete(resources.servers, { namespace: "team", name: "web" });
  await cluster.until("the claim is gone", async () => {
    const claims = await cluster.list(resources.ipamClaims);
    return claims.length === 0 && (await cluster.server("web")) === undefined;
  });
  expect(claim?.metadata.labels).toHaveProperty([label.serverUid]);
});
