// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resources } from "../../operator/src/ports/kube.ts";
import { aFlavor, aHypervisor, anImage, aServer } from "../../operator/src/testing/builders.ts";
import { dryRun } from "./dry-run.ts";
import { explain } from "./explanation.ts";
import { nothing, type Objects, overlay, readCluster, readManifests } from "./objects.ts";

const testdata = (name: string): string => join(import.meta.dirname, "testdata", name);
const options = { settings: {}, overheadMib: 160 };

let files: Objects;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "schedule-"));
  const read = await Promise.all(
    ["fleet.yaml", "web.yaml"].map((one) => readManifests(testdata(one))),
  );
  files = read.reduce(overlay, nothing);
});
afterAll(() => rm(folder, { recursive: true }));

function explained(objects: Objects): string {
  const [server] = objects.servers;
  if (server === undefined) throw new Error("there is a server");
  return explain(dryRun(objects, server, options));
}

describe("an explanation", () => {
  test("says why hosts are excluded, what the others weigh and which one wins", () => {
    expect(explained(files).trimEnd().split("\n")).toEqual([
      "Server team/web, flavor m1.small, takes 2 VCPU, 4256 MEMORY_MB, 20 DISK_GB.",
      "",
      "Excluded:",
      "  node-3  is down",
      "  node-4  does not hand out 4256 MiB MEMORY_MB in one piece",
      "  node-5  is disabled",
      "",
      "Fitting, the best first:",
      "  host      score  ram    cpu    disk",
      "  node-2 *  3.000  1.000  1.000  1.000",
      "  node-1    2.500  0.500  1.000  1.000",
      "",
      "Chosen: node-2, the best of 2 that fit.",
    ]);
  });

  test("ends with what the operator would say when there is no host", () => {
    const down = files.hypervisors.filter(({ metadata }) => metadata.name === "node-3");
    expect(explained({ ...files, hypervisors: down })).toContain(
      "No host: 0 of 1 hypervisors: 1 is down.",
    );
  });

  test("does not count what the server itself holds", () => {
    const [server] = files.servers;
    const run = { token: 1, guest: "web-1", state: "Granted", host: "node-2" } as const;
    const allocation = { VCPU: 2, MEMORY_MB: 30_000 };
    const running = { ...server, status: { run, allocation } } as Objects["servers"][number];
    const another = aServer({ metadata: { name: "db", uid: "db" }, status: { run, allocation } });
    expect(explained({ ...files, servers: [running] })).toContain("Chosen: node-2");
    expect(explained({ ...files, servers: [running, another] })).toContain("Chosen: node-1");
  });

  test.each([
    ["flavors", "namespace team has no flavor m1.small"],
    ["images", "namespace team has no image debian"],
  ] as const)("needs its %s", (kind, message) => {
    expect(() => explained({ ...files, [kind]: [] })).toThrow(message);
  });
});

describe("objects", () => {
  test("of a cluster are read, and those of files count before them", async () => {
    const lists = new Map<unknown, readonly unknown[]>([
      [resources.hypervisors, [aHypervisor()]],
      [resources.flavors, [aFlavor({ spec: { vcpus: 4 } })]],
      [resources.images, [anImage()]],
    ]);
    const kube = {
      list: (type: unknown) =>
        Promise.resolve({ items: lists.get(type) ?? [], resourceVersion: "1" }),
    };
    const cluster = await readCluster(kube as unknown as Parameters<typeof readCluster>[0]);
    expect(cluster.hypervisors).toHaveLength(1);
    const both = overlay(cluster, files);
    expect(both.hypervisors).toHaveLength(5);
    expect(both.flavors.map(({ spec }) => spec.vcpus)).toEqual([2]);
  });

  test("of a List are taken one by one, and may be in the default namespace", async () => {
    const path = join(folder, "list.yaml");
    const server = { ...aServer(), metadata: { name: "web" } };
    await writeFile(path, JSON.stringify({ kind: "List", apiVersion: "v1", items: [server] }));
    const { servers } = await readManifests(path);
    expect(servers.map(({ metadata }) => metadata)).toEqual([
      { name: "web", namespace: "default", uid: "web" },
    ]);
  });

  test.each([
    [{ kind: "Pod", metadata: { name: "x" } }, "Pod is no kind that decides"],
    [{ ...aFlavor(), spec: { vcpus: 0 } }, "Flavor m1.small: spec.vcpus"],
  ])("that the API server would refuse are refused with file and name", async (object, message) => {
    const path = join(folder, "bad.yaml");
    await writeFile(path, JSON.stringify(object));
    await expect(readManifests(path)).rejects.toThrow(`${path}: ${message}`);
  });
});
