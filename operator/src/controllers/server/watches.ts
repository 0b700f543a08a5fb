// SPDX-License-Identifier: Apache-2.0
import type { Guest, Hypervisor, Server } from "../../api/kinds.ts";
import { label } from "../../api/names.ts";
import { isReleased } from "../../core/guest/release.ts";
import { conditionOf } from "../../core/lib/condition-set.ts";
import { isEqual } from "../../core/lib/equal.ts";
import { cardKeys } from "../../core/server/attachments.ts";
import { type Change, keyOf } from "../../platform/informer.ts";
import type { Node, ResourceObject } from "../../ports/kube.ts";
import type { Fleet } from "../fleet.ts";

/** Which Servers a change may concern: each of them is looked at again. */
export function watchServers(fleet: Fleet, enqueue: (key: string) => void): void {
  const { servers, guests, pods, flavors, images, hypervisors, nodes, namespaces } = fleet;
  const { serverGroups, aggregates, attachments } = fleet;
  const wake = (index: string, value: string): void => {
    for (const server of servers.byIndex(index, value)) enqueue(keyOf(server));
  };
  const wakeUnplaced = (): void => wake("unplaced", "yes");

  servers.onChange((change) => {
    enqueue(change.key);
    if (isPlaceFreed(change)) wakeUnplaced();
    // Another server may have waited for its addresses.
    const { old, current } = change;
    if (old !== undefined && current === undefined) {
      for (const key of cardKeys(old)) wake("card", key);
    }
  });
  attachments.onChange(({ key }) => wake("attachment", key));
  guests.onChange((change) => {
    for (const { metadata, spec } of [change.current ?? change.old].filter(isPresent)) {
      enqueue(`${metadata.namespace}/${spec.server.name}`);
    }
    if (isClaimFreed(change)) wakeUnplaced();
  });
  pods.onChange(({ old, current }) => {
    wake("uid", (current ?? old)?.metadata.labels?.[label.serverUid] ?? "");
  });
  namespaces.onChange((change) => {
    if (isChanged(change, ({ metadata }) => metadata.deletionTimestamp)) {
      wake("namespace", change.key);
    }
  });
  serverGroups.onChange(({ key }) => wake("group", key));
  aggregates.onChange((change) => {
    // The zone of any host may be another one.
    if (!isChanged(change, ({ spec }) => spec)) return;
    for (const server of servers.list()) enqueue(keyOf(server));
  });
  flavors.onChange(({ key }) => wake("flavor", key));
  images.onChange(({ key }) => wake("image", key));
  hypervisors.onChange((change) => {
    if (isChanged(change, hostPart)) wake("host", change.key);
    if (isChanged(change, placementPart)) wakeUnplaced();
  });
  nodes.onChange((change) => {
    if (!isChanged(change, nodePart)) return;
    wake("host", change.key);
    wakeUnplaced();
  });
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function isChanged<T extends ResourceObject>(
  { old, current }: Change<T>,
  part: (object: T) => unknown,
): boolean {
  return !isEqual(old && part(old), current && part(current));
}

/** What a server on the host depends on. */
function hostPart({ status }: Hypervisor): unknown {
  return [status?.state, status?.virtType];
}

/** What decides whether the host can take a server; its usage changes with the Guests themselves. */
function placementPart({ spec, status }: Hypervisor): unknown {
  const identity = conditionOf(status?.conditions, "IdentityKnown")?.status;
  return [status?.state, status?.inventory, status?.traits, spec.isDisabled, identity];
}

/** Hints may name any label. */
function nodePart({ metadata, spec, status }: Node): unknown {
  return [metadata.labels, spec?.unschedulable, status?.addresses];
}

/** A claim is over: another server may fit now. */
function isClaimFreed({ old, current }: Change<Guest>): boolean {
  if (old === undefined || isReleased(old)) return false;
  return current === undefined || isReleased(current);
}

/** A run that may never have had a Guest is over. */
function isPlaceFreed({ old, current }: Change<Server>): boolean {
  return old?.status?.run?.state === "Granted" && current?.status?.run?.state !== "Granted";
}
