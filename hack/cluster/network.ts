// SPDX-License-Identifier: Apache-2.0
/**
 * The wires between the host and the nodes: a bridge with a virtual cable to every node, and another one
 * for the networks of guests, on which no node and not the host has an address.
 */
import { existsSync } from "node:fs";
import { run, tryRun } from "../exec.ts";
import { bridge, guestWire } from "./layout.ts";
import type { NodePlan } from "./layout.ts";
import { waysToPods } from "./node-config.ts";

const interfaces = "/sys/class/net";

/** Makes the bridges, one of them with the host's address, unless they are there. */
export async function ensureBridges(): Promise<void> {
  for (const { name, hardwareAddress } of [bridge, guestWire]) {
    if (!existsSync(`${interfaces}/${name}`)) {
      // A bridge that listens for memberships would keep multicast from who joined unheard.
      await ip(`link add ${name} address ${hardwareAddress} type bridge mcast_snooping 0`);
    }
    await ip(`link set ${name} up`);
  }
  // A machine that has IPv6 switched off for its own interfaces may still have it on this one.
  await run("sysctl", ["-qw", `net.ipv6.conf.${bridge.name}.disable_ipv6=0`]);
  await ip(
    `address replace ${bridge.address}/24 dev ${bridge.name}`,
    `address replace ${bridge.address6}/64 dev ${bridge.name} nodad`,
  );
}

export async function removeBridges(): Promise<void> {
  for (const { name } of [bridge, guestWire]) await removeInterface(name);
}

/** Lays the cables from the bridges into the network namespace of a process, unless they lie. */
export async function ensureCables(node: NodePlan, pid: number): Promise<void> {
  const cables = [
    [node.link, `eth0 address ${node.hardwareAddress}`],
    [node.guestLink, "eth1"],
  ] as const;
  for (const [link, end] of cables) {
    if (!existsSync(`${interfaces}/${link}`)) {
      await ip(`link add ${link} type veth peer name ${end} netns ${pid}`);
    }
  }
  await connectCables(node);
  // The host reaches pods as other nodes do.
  await ip(...waysToPods(node));
}

/** Removes a node's cables and the way to its pods. */
export async function removeCables(node: NodePlan): Promise<void> {
  for (const link of [node.link, node.guestLink]) await removeInterface(link);
  // The routes are gone already when the bridge is.
  for (const subnet of node.podSubnets) await tryRun("ip", ["route", "del", subnet]);
}

/** Plugs a node's cables into the bridges. */
export async function connectCables(node: NodePlan): Promise<void> {
  await ip(
    `link set ${node.link} master ${bridge.name} up`,
    `link set ${node.guestLink} master ${guestWire.name} up`,
  );
}

/** Unplugs a node's cables at the bridges: the node sees its links up and its packets vanish. */
export async function disconnectCables(node: NodePlan): Promise<void> {
  await ip(`link set ${node.link} nomaster`, `link set ${node.guestLink} nomaster`);
}

/** Whether a node's cables are plugged into the bridges. */
export function areCablesConnected(node: NodePlan): boolean {
  return [node.link, node.guestLink].every((link) => existsSync(`${interfaces}/${link}/master`));
}

async function ip(...commands: readonly string[]): Promise<void> {
  await run("ip", ["-batch", "-"], { stdin: commands.join("\n") });
}

/** The kernel removes a cable by itself, some time after the namespace at its end is gone. */
async function removeInterface(name: string): Promise<void> {
  const result = await tryRun("ip", ["link", "del", name]);
  if (result.exitCode !== 0 && existsSync(`${interfaces}/${name}`)) {
    throw new Error(`cannot remove the interface ${name}: ${result.stderr.trim()}`);
  }
}
