// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { resources } from "../../ports/kube.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { FakeKube } from "../../testing/fake-kube.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { clusterNetworks } from "./cluster-networks.ts";

let kube: FakeKube;
beforeEach(() => {
  kube = new FakeKube({ clock: new FakeClock(), random: new SeededRandom(1) });
});

describe("networks that no image may come from", () => {
  test("are the cluster's own, and those that the administrator names", async () => {
    const node = await kube.create(
      resources.nodes,
      {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: "node-1" },
        spec: { podCIDRs: ["10.244.1.0/24"] },
      },
      { fieldManager: "test" },
    );
    const addresses = [
      { type: "InternalIP", address: "192.0.2.11" },
      { type: "Hostname", address: "node-1" },
    ];
    await kube.updateStatus(
      resources.nodes,
      { ...node, status: { addresses } },
      { fieldManager: "test" },
    );
    const config = {
      imageSourcesRefused: ["10.1.0.0/16"],
      imageSourcesAllowed: ["192.0.2.11/32"],
    };
    expect(await clusterNetworks({ kube, config })()).toEqual({
      refusedNetworks: ["10.1.0.0/16", "10.244.1.0/24", "192.0.2.11"],
      allowedNetworks: ["192.0.2.11/32"],
    });
  });

  test("are named when they are none, with the variable and the cure", () => {
    const config = { imageSourcesRefused: ["10.0.0.0/99"], imageSourcesAllowed: [] };
    expect(() => clusterNetworks({ kube, config })).toThrow(
      "KILONOVA_IMAGE_SOURCES_REFUSED: 10.0.0.0/99 is not a network; write a network as 10.0.0.0/8",
    );
  });
});
