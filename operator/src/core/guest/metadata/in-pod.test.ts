// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { annotation } from "../../../api/names.ts";
import { aGuest, aServer } from "../../../testing/builders.ts";
import { metadataAnnotation } from "./in-pod.ts";

const { spec } = aGuest();
const networks = [
  { name: "front", tag: "public", mac: "02:00:00:00:00:01", pod: { address: "10.0.2.2" } },
  { name: "back", mac: "02:00:00:00:00:02", pod: { address: "10.0.3.2" } },
];
const guest = aGuest({ spec: { domain: { ...spec.domain, networks, configDrive: "vfat" } } });

function recipeOf(server = aServer()): string {
  return metadataAnnotation(server, guest)[annotation.metadata] ?? "";
}

test("a guest is told of its cards in their order, which get their addresses by DHCP", () => {
  const { links, networks: told } = JSON.parse(/^\{"links".*$/m.exec(recipeOf())?.[0] ?? "null");
  expect(links).toMatchObject([
    { id: "interface0", vif_id: "front", ethernet_mac_address: "02:00:00:00:00:01" },
    { id: "interface1", vif_id: "back", ethernet_mac_address: "02:00:00:00:00:02" },
  ]);
  expect(told).toMatchObject([
    { link: "interface0", type: "ipv4_dhcp" },
    { link: "interface1", type: "ipv4_dhcp" },
  ]);
});

test("a guest is told of the tags of its cards, and of its first address", () => {
  const recipe = recipeOf();
  const tagged = { type: "nic", mac: "02:00:00:00:00:01", tags: ["public"] };
  expect(recipe).toContain(JSON.stringify([{ ...tagged, bus: "none", address: "none" }]));
  expect(recipe).toContain("\n10.0.2.2\n");
  expect(recipe).toContain("\ndrive vfat\n");
});

test("a recipe is small beside the pod that carries it, and holds no value of a Secret", () => {
  const secret = { name: "web", key: "user-data" };
  const recipe = recipeOf(aServer({ spec: { userData: { secret }, sshKeys: [{ secret }] } }));
  expect(recipe.length).toBeLessThan(10_000);
  expect(recipe).toContain("secret raw 49149 user-data spec.userData: Secret web, key user-data\n");
});
