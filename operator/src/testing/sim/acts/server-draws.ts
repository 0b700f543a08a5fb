// SPDX-License-Identifier: Apache-2.0
/** What people may say of a server's network, drawn by chance. */
import type { ServerSpec } from "../../../api/v1alpha1/server.ts";
import type { Chance } from "../world/streams.ts";

/** Few, so that servers ask for the same. */
const macs = ["52:54:00:00:00:01", "52:54:00:00:00:02", undefined] as const;
const addresses = ["10.8.0.1/24", "10.8.0.2/24", undefined] as const;

/** What a new server's spec says of its networks, and how it is probed. */
export function drawNetwork(
  chance: Chance,
): Pick<Partial<ServerSpec>, "networks" | "readinessProbe"> {
  const probe = chance.isLucky(0.4) ? drawProbe(chance) : null;
  return {
    ...(chance.isLucky(0.4) && { networks: drawNetworks(chance) }),
    ...(probe !== null && { readinessProbe: probe }),
  };
}

function drawNetworks(chance: Chance): NonNullable<ServerSpec["networks"]> {
  const front = { name: "front", pod: { address: chance.pick(["10.0.2.2", "10.77.0.9"]) ?? "" } };
  const mac = chance.pick(macs);
  const address = chance.pick(addresses);
  const networkAttachment = { name: "storage", ...(address !== undefined && { address }) };
  const back = { name: "back", ...(mac !== undefined && { mac }), networkAttachment };
  const kept = { name: "kept", tag: "data", networkAttachment: { name: "lasting" } };
  const choices = [[front, back], [front, kept], [kept, front], [back], [front, back, kept]];
  return chance.pick(choices) ?? [];
}

/** Labels by which Services would select it; null takes one away. */
export function drawLabels(chance: Chance): Record<string, string | null> {
  const tier = chance.pick(["gold", "silver", null]) ?? null;
  return { app: chance.pick(["shop", "mail"]) ?? "shop", tier };
}

/** A probe of the guest; null for none. */
export function drawProbe(chance: Chance): NonNullable<ServerSpec["readinessProbe"]> | null {
  if (chance.isLucky(0.3)) return null;
  return {
    tcpSocket: { port: chance.pick([22, 80]) ?? 22 },
    initialDelaySeconds: 0,
    periodSeconds: chance.whole(1, 10),
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: chance.whole(1, 3),
  };
}
