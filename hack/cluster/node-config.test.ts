// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { z } from "zod";
import { nodeDiskDirectories, planNode } from "./layout.ts";
import { nodeBinds, nodeFiles, nodePaths, nodeRoutes } from "./node-config.ts";

const sandboxImage = "kilonova.local/pause:1";

const kubeletSchema = z.object({
  systemReserved: z.object({ memory: z.string() }),
  evictionHard: z.object({ "memory.available": z.string() }),
});

test.each([8192, 24_103, 65_536])("of %d MiB a node may give a quarter to pods", (memoryMib) => {
  const text = nodeFiles(planNode(1), { memoryMib, sandboxImage })[nodePaths.kubeletConfig] ?? "";
  const config = kubeletSchema.parse(JSON.parse(text));
  const mib = (quantity: string): number => Number(quantity.replace(/Mi$/, ""));
  const heldBack = mib(config.systemReserved.memory) + mib(config.evictionHard["memory.available"]);
  expect(memoryMib - heldBack).toBe(Math.floor(memoryMib / 4));
});

test("a node's files carry its own name, address and pods", () => {
  const files = nodeFiles(planNode(2), { memoryMib: 8192, sandboxImage });
  expect(files["/etc/hostname"]).toBe("node-2\n");
  expect(files["/etc/hosts"]).toContain("10.250.0.12 node-2");
  const network = JSON.parse(files["/etc/cni/net.d/10-kilonova.conf"] ?? "") as object;
  expect(network).toMatchObject({
    delegates: [
      {
        plugins: [
          {
            ipam: { ranges: [[{ subnet: "10.251.2.0/24" }], [{ subnet: "fd4b:4e00:251:2::/64" }]] },
          },
          { type: "portmap" },
        ],
      },
    ],
  });
  expect(files[nodePaths.containerdConfig]).toContain(`sandbox = '${sandboxImage}'`);
  expect(files["/etc/machine-id"]).toMatch(/^[0-9a-f]{32}\n$/);
});

test("machine ids differ", () => {
  const ids = [1, 2, 3].map(
    (number) => nodeFiles(planNode(number), { memoryMib: 8192, sandboxImage })["/etc/machine-id"],
  );
  expect(new Set(ids).size).toBe(3);
});

test("disks are bound for writing and programs are not", () => {
  const programs = {
    kubernetes: "/k",
    containerd: "/c",
    runc: "/r",
    cniPlugins: "/n",
    multus: "/m",
  };
  const binds = nodeBinds("/disk", programs);
  for (const path of nodeDiskDirectories) expect(binds).toContain(`/disk${path}:${path}:rw`);
  expect(binds).toContain("/n:/opt/cni/bin:ro");
  expect(binds.filter((bind) => bind.endsWith(":rw"))).toHaveLength(nodeDiskDirectories.length);
});

test("a node reaches the pods of every other node through that node, by both families", () => {
  const routes = nodeRoutes(planNode(1), [planNode(2), planNode(3)]);
  expect(routes.split("\n").filter((line) => /10\.251\.|:251:/.test(line))).toEqual([
    "route replace 10.251.2.0/24 via 10.250.0.12",
    "route replace fd4b:4e00:251:2::/64 via fd4b:4e00:250::12",
    "route replace 10.251.3.0/24 via 10.250.0.13",
    "route replace fd4b:4e00:251:3::/64 via fd4b:4e00:250::13",
  ]);
});
