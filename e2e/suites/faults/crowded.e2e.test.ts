// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { parseQuantity } from "../../../operator/src/core/lib/quantity.ts";
import { resources } from "../../../operator/src/ports/kube.ts";
import { Tenant } from "../../framework/tenant.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-crowded";

/** CPU that other pods request is none of Placement's: only the kube-scheduler sees that a node is full. */
describe("nodes whose CPU other pods have requested", () => {
  let tenant: Tenant;
  let free: string;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    const { items } = await tenant.world.store.list(resources.hypervisors, {
      consistency: "quorum",
    });
    const [first, ...crowded] = items.map(({ metadata }) => metadata.name).toSorted();
    if (first === undefined || crowded.length === 0) throw new Error("needs two hypervisors");
    free = first;
    for (const node of crowded) await fill(node);
  });

  afterAll(async () => {
    await disable(free, false);
    await tenant.remove();
  });

  const disable = (name: string, isDisabled: boolean): Promise<string> =>
    tenant.kubectl(
      ...["patch", "hypervisor", name, "--type=merge"],
      ...["-p", JSON.stringify({ spec: { isDisabled } })],
    );

  /** Leaves less than a server pod asks for. */
  async function fill(node: string): Promise<void> {
    const milli = Math.floor(((await allocatableOf(node)) - (await requestedOn(node))) * 1000) - 20;
    await tenant.apply(filler(node, `${milli}m`));
    const pod = `pod/filler-${node}`;
    await tenant.kubectl("wait", "-n", namespace, pod, "--for=condition=Ready", "--timeout=60s");
  }

  const allocatableOf = async (node: string): Promise<number> => {
    const path = "jsonpath={.status.allocatable.cpu}";
    return parseQuantity(await tenant.kubectl("get", "node", node, "-o", path)) ?? 0;
  };

  async function requestedOn(node: string): Promise<number> {
    const requests = await tenant.kubectl(
      ...["get", "pods", "-A", "--field-selector", `spec.nodeName=${node}`],
      ...["-o", "jsonpath={.items[*].spec.containers[*].resources.requests.cpu}"],
    );
    return requests.split(" ").reduce((sum, text) => sum + (parseQuantity(text) ?? 0), 0);
  }

  function filler(node: string, cpu: string): object {
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `filler-${node}`, namespace },
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 0,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65_532,
          seccompProfile: { type: "RuntimeDefault" },
        },
        containers: [
          {
            name: "filler",
            image: inject("release").product,
            command: ["node", "-e", "setInterval(() => {}, 1e6)"],
            resources: { requests: { cpu } },
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ["ALL"] },
            },
          },
        ],
      },
    };
  }

  test("are given up for another one by a new server, which says why", async () => {
    await disable(free, true);
    await tenant.createServer("web");
    const granted = await tenant.untilServer(
      "web",
      "granted to a full node",
      ({ status }) => status?.hypervisor !== undefined && status.hypervisor !== free,
    );
    await disable(free, false);
    await until(
      "the event that says why",
      async () => {
        const events = await tenant.kubectl("get", "events", "-n", namespace, "-o", "json");
        return events.includes("PodUnplaced") && events.includes("Insufficient cpu");
      },
      { timeoutSeconds: 60 },
    );
    const server = await tenant.untilPhase("web", "ACTIVE", 180);
    expect(server.status?.hypervisor).toBe(free);
    expect(server.status?.refusedHosts).toContain(granted.status?.hypervisor);
    expect(await tenant.qemus("web")).toHaveLength(1);
  });
});
