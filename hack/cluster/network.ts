// SPDX-License-Identifier: Apache-2.0
/** The wires between the host and the nodes: one bridge, and a virtual cable to every node. */
import { existsSync } from "node:fs";
import { run, tryRun } from "../exec.ts";
import { bridge } from "./layout.ts";
import type { NodePlan } from "./layout.ts";

const interfaces = "/sys/class/net";

/** Makes the bridge with the host's address unless it is there. */
export async function ensureBridge(): Promise<void> {
  if (!existsSync(`${interfaces}/${bridge.name}`)) {
    await ip(`link add ${bridge.name} address ${bridge.hardwareAddress} type bridge`);
  }
  await ip(`address replace ${bridge.address}/24 dev ${bridge.name}`, `link set ${bridge.name} up`);
}

export async function removeBridge(): Promise<void> {
  await removeInterface(bridge.name);
}

/** Lays the cable from the bridge into the network namespace of a process, unless it lies. */
export async function ensureCable(node: NodePlan, pid: number): Promise<void> {
  if (!existsSync(`${interfaces}/${node.link}`)) {
    await ip(
      `link add ${node.link} type veth peer name eth0 address ${node.hardwareAddress} netns ${pid}`,
    );
  }
  await connectCable(node);
  // The host reaches pods as other nodes do.
  await ip(`route replace ${node.podSubnet} via ${node.address} dev ${bridge.name}`);
}

/** Removes a node's cable and the way to its pods. */
export async function removeCable(node: NodePlan): Promise<void> {
  await removeInterface(node.link);
  // The route is gone already when the bridge is.
  await tryRun("ip", ["route", "del", node.podSubnet]);
}

/** Plugs a node's cable into the bridge. */
export async function connectCable(node: NodePlan): Promise<void> {
  await ip(`link set ${node.link} master ${bridge.name} up`);
}

/** Unplugs a node's cable at the bridge: the node sees its link up and its packets vanish. */
export async function disconnectCable(node: NodePlan): Promise<void> {
  await ip(`link set ${node.link} nomaster`);
}

/** Whether a node's cable is plugged into the bridge. */
export function isCableConnected(node: NodePlan): boolean {
  return existsSync(`${interfaces}/${node.link}/master`);
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
