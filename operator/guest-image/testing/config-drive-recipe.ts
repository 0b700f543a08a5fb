// SPDX-License-Identifier: Apache-2.0
import { factsOf } from "../../src/core/guest/metadata/facts.ts";
import { metadataOf } from "../../src/core/guest/metadata/metadata.ts";
import { networkDataOf } from "../../src/core/guest/metadata/network-data.ts";
import type { Recipe } from "../../src/core/guest/metadata/recipe.ts";
import { aGuest, aServer } from "../../src/testing/builders.ts";
import { nicMacs } from "./guest-domain.ts";

export const sshKey =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPdqeBeojzDkQmXZd2ZRAqXlYkn8qCKLkqv1Yt6H8XKa me";
const userData = `#!/bin/sh
console() { sed 's/^/KILONOVA-GUEST told /' > /dev/console; }
echo user-data-ran | console
hostname --fqdn | console
cat /home/debian/.ssh/authorized_keys | console
cat /etc/systemd/network/10-cloud-init-*.network | console
`;

/** What a server with two networks, a key and user data from Secrets is told of itself. */
export function recipeOf(drive: Recipe["drive"]): Recipe {
  const server = aServer({
    spec: {
      sshKeys: [{ secret: { name: "keys", key: "id.pub" } }],
      userData: { secret: { name: "data", key: "user" } },
      metadata: { role: "web" },
    },
  });
  const domain = { ...aGuest().spec.domain, hostname: "web-1.example.org" };
  const networkData = networkDataOf(
    [
      {
        name: "pod",
        mac: nicMacs[0],
        mtu: 1450,
        addresses: [{ kind: "dhcp", version: 4 }],
      },
      {
        name: "storage",
        mac: nicMacs[1],
        addresses: [{ kind: "static", version: 4, address: "192.0.2.7", netmask: "255.255.255.0" }],
      },
    ],
    [],
  );
  return { drive, entries: metadataOf(factsOf(server, domain), { networkData, nics: [] }) };
}

/** What the kubelet shows of the Secrets that the server names. */
export const secrets = { "ssh-key-0": `${sshKey}\n`, "user-data": userData };
