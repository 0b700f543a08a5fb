// SPDX-License-Identifier: Apache-2.0
/** Puts one server to the scheduler as the operator would, and claims nothing. */
import type { Server } from "../../operator/src/api/kinds.ts";
import { nodeView } from "../../operator/src/controllers/node-view.ts";
import { uidOf } from "../../operator/src/core/guest/resolve.ts";
import { takeSource } from "../../operator/src/core/guest/source.ts";
import { heldClaims } from "../../operator/src/core/scheduler/claims.ts";
import { groupStateOf } from "../../operator/src/core/scheduler/group.ts";
import type { HostState, NodeView } from "../../operator/src/core/scheduler/host-state.ts";
import { hostStatesOf } from "../../operator/src/core/scheduler/host-states.ts";
import type { ScheduleRequest } from "../../operator/src/core/scheduler/request.ts";
import {
  type Choice,
  choose,
  schedule,
  type ScheduleResult,
} from "../../operator/src/core/scheduler/schedule.ts";
import { requestFor } from "../../operator/src/core/scheduler/server-request.ts";
import type { SchedulerSettings } from "../../operator/src/core/scheduler/settings.ts";
import { keyOf, type Objects } from "./objects.ts";

/** What would be decided, in full and in short. */
export interface DryRun {
  readonly server: Server;
  readonly request: ScheduleRequest;
  readonly choice: Choice;
  readonly result: ScheduleResult;
}

export interface DryRunOptions {
  readonly settings: SchedulerSettings;
  /** Memory in MiB that a server takes beside its guest's. */
  readonly overheadMib: number;
}

/** Throws with cause and cure when the server cannot be asked for at all. */
export function dryRun(objects: Objects, server: Server, options: DryRunOptions): DryRun {
  const { flavors, images, servers, serverGroups } = objects;
  const { namespace } = server.metadata;
  const { flavor, image, serverGroup } = server.spec;
  const inNamespace = (name: string) => (one: Parameters<typeof keyOf>[0]) =>
    keyOf(one) === `${namespace}/${name}`;
  const source = takeSource(
    server,
    flavors.find(({ metadata }) => metadata.name === flavor),
    images.find(inNamespace(image.name)),
  );
  if (!source.ok) throw new Error(source.message);
  const hosts = hostsFor(objects, server);
  const group = serverGroup === undefined ? undefined : serverGroups.find(inNamespace(serverGroup));
  if (serverGroup !== undefined && group === undefined) {
    throw new Error(`namespace ${namespace} has no server group ${serverGroup}: create it`);
  }
  const asked = requestFor({
    server,
    source,
    overheadMib: options.overheadMib,
    refusedHosts: server.status?.refusedHosts ?? [],
    group: group && groupStateOf(group, uidOf(server), hosts),
    uidOfServer: (name) => servers.find(inNamespace(name))?.metadata.uid,
  });
  if (!asked.ok) throw new Error(asked.message);
  const { request } = asked;
  return {
    server,
    request,
    choice: choose(request, hosts, options.settings),
    result: schedule(request, hosts, options.settings),
  };
}

/** The hosts without what the server itself holds: it is asked for anew. */
function hostsFor(
  { hypervisors, nodes, hostAggregates: aggregates, servers, guests }: Objects,
  server: Server,
): HostState[] {
  const uid = uidOf(server);
  const claims = heldClaims({
    servers: servers.filter((one) => one.metadata.uid !== uid),
    guests: guests.filter(({ spec }) => spec.server.uid !== uid),
    assumed: [],
  });
  const views = new Map(nodes.map((node) => [node.metadata.name, nodeView(node)]));
  // Files without any Node are about hypervisors whose nodes are fine.
  const offered: NodeView = { state: "Offered", labels: {} };
  const known =
    views.size > 0 ? views : new Map(hypervisors.map(({ metadata }) => [metadata.name, offered]));
  return hostStatesOf({ hypervisors, nodes: known, aggregates }, claims);
}
