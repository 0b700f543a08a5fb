// SPDX-License-Identifier: Apache-2.0
/** What the model of a large cluster takes, and how long it is built from lists. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Guest, Hypervisor, Server } from "../../../operator/src/api/kinds.ts";
import { heldClaims } from "../../../operator/src/core/scheduler/claims.ts";
import type { NodeView } from "../../../operator/src/core/scheduler/host-state.ts";
import { hostStatesOf } from "../../../operator/src/core/scheduler/host-states.ts";
import { aGuest, aHypervisor, aServer } from "../../../operator/src/testing/builders.ts";
import { cpuMs } from "./decisions.ts";

const hostCount = 10_000;
const serversPerHost = 10;

interface Lists {
  readonly hypervisors: readonly Hypervisor[];
  readonly nodes: ReadonlyMap<string, NodeView>;
  readonly servers: readonly Server[];
  readonly guests: readonly Guest[];
}

/** Figures of 10,000 hosts with 100,000 servers. */
export function modelFigures(): Record<string, number> {
  const empty = heapMib();
  const lists = newLists();
  const cached = heapMib();
  const build = () => {
    const claims = heldClaims({ servers: lists.servers, guests: lists.guests, assumed: [] });
    return hostStatesOf(lists, claims);
  };
  let hosts = build();
  const ms = cpuMs(() => {
    hosts = build();
  });
  const modelled = heapMib();
  const size = `${hostCount} hosts, ${lists.servers.length} servers`;
  if (hosts.length !== hostCount) throw new Error("the model lost hosts");
  return {
    [`${size}: objects that are watched, MiB`]: cached - empty,
    [`${size}: model of the hosts, MiB`]: modelled - cached,
    [`${size}: model built from lists, ms`]: ms,
  };
}

const uidOf = (name: string): string => `uid-of-${name}`;

/** Objects with strings of their own, as they come from the API server. */
function newLists(): Lists {
  const names = Array.from({ length: hostCount }, (_, index) => `node-${index}`);
  const places = names.flatMap((host) =>
    Array.from({ length: serversPerHost }, (_, index) => ({
      host,
      name: `${host}-server-${index}`,
    })),
  );
  return asRead({
    hypervisors: names.map((name) => aHypervisor({ metadata: { name } })),
    nodes: names.map((name) => [name, { state: "Offered", labels: {} }] as const),
    servers: places.map(({ host, name }) =>
      aServer({
        metadata: { name, uid: uidOf(name) },
        status: {
          phase: "ACTIVE",
          run: { token: 1, guest: `${name}-1`, state: "Granted", host },
          allocation: { VCPU: 2, MEMORY_MB: 1184, DISK_GB: 10 },
        },
      }),
    ),
    guests: places.map(({ host, name }) =>
      aGuest({
        metadata: { name: `${name}-1` },
        spec: { host, server: { name, uid: uidOf(name) } },
      }),
    ),
  });
}

function asRead(lists: {
  readonly hypervisors: Hypervisor[];
  readonly nodes: (readonly [string, NodeView])[];
  readonly servers: Server[];
  readonly guests: Guest[];
}): Lists {
  const read = JSON.parse(JSON.stringify(lists)) as typeof lists;
  return { ...read, nodes: new Map(read.nodes) };
}

function heapMib(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
