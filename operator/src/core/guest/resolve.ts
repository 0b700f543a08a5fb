// SPDX-License-Identifier: Apache-2.0
import { apiVersion, type OwnerReference } from "../../api/define-kind.ts";
import { kinds, type Guest, type Server } from "../../api/kinds.ts";
import { finalizer, label } from "../../api/names.ts";
import type { DomainModel, GuestSpec } from "../../api/v1alpha1/guest.ts";
import type { Machine, Resources } from "../../api/v1alpha1/guest-model.ts";
import type { Run } from "../../api/v1alpha1/server.ts";
import { assert } from "../lib/assert.ts";
import { compact } from "../lib/compact.ts";
import { contributionsOf } from "./contributions.ts";
import type { Contribution } from "./feature.ts";
import { labelValueOf } from "./names.ts";
import { guestNetworks } from "./network/resolve.ts";
import type { Source } from "./source.ts";

/** Nova's `shutdown_timeout` and `shutdown_retry_interval`. Source: nova-semantics 1.3, stop. */
const shutdownTimeoutSeconds = 60;
const shutdownRetryIntervalSeconds = 10;

/** The server's host name: `spec.hostname` unchanged, or its name. */
export function hostnameOf(server: Server): string {
  return server.spec.hostname ?? server.metadata.name;
}

/** What a tap takes. Source: nova-semantics 6.2, max_queues. */
const queuesMax = 256;

/** Uid of a Server that was read from the API server. */
export function uidOf(server: Server): string {
  const { uid } = server.metadata;
  assert(uid !== undefined, "a Server that was read has a uid");
  return uid;
}

/** All that an incarnation is made from. */
export interface Incarnation {
  readonly server: Server;
  readonly run: Run;
  readonly source: Source;
  /** What earlier boots froze, with the server's user id. */
  readonly machine: Machine & { readonly uid: number };
  readonly claim: Resources;
  /** The server group's rule for the host. */
  readonly group?: GuestSpec["group"] | undefined;
}

/** The Guest of an incarnation: a domain that shall run, or be ready to. */
export function newGuest(incarnation: Incarnation): Guest {
  const { server, run, source, machine, claim, group } = incarnation;
  const uid = uidOf(server);
  const isWanted = server.spec.powerState === "Running";
  return {
    apiVersion,
    kind: kinds.guest.kind,
    metadata: {
      name: run.guest,
      ...(server.metadata.namespace !== undefined && { namespace: server.metadata.namespace }),
      labels: { [label.serverUid]: uid, [label.server]: labelValueOf(server.metadata.name) },
      finalizers: [finalizer],
      ownerReferences: [ownerOf(server)],
    },
    spec: {
      server: { name: server.metadata.name, uid },
      host: run.host,
      token: run.token,
      runState: isWanted ? "Running" : "Stopped",
      boot: isWanted ? 1 : 0,
      disks: "Destroy",
      domain: domainOf(server, source, machine),
      uid: machine.uid,
      resources: claim,
      ...(group !== undefined && { group }),
      ...sourceSpecOf(source),
    },
  };
}

/** The resolved guest. What the first boot froze in `machine` stays; the rest is chosen by the host. */
export function domainOf(server: Server, source: Source, machine: Machine): DomainModel {
  const { firmware, machineType, hasRng, hasGuestAgent, isMultiqueue } =
    checkedContribution(source);
  const { uid: _, ...frozen } = machine;
  const uuid = server.spec.uuid ?? uidOf(server);
  return {
    uuid,
    hostname: hostnameOf(server),
    vcpus: source.flavor.vcpus,
    memoryMib: source.flavor.memoryMib,
    firmware: machine.firmware ?? firmware ?? "bios",
    hasRng: hasRng ?? true,
    hasGuestAgent: hasGuestAgent ?? false,
    ...configDriveOf(server),
    networks: guestNetworks(server.spec.networks, uuid),
    // One vCPU has no use for more than one pair.
    ...(isMultiqueue === true &&
      source.flavor.vcpus > 1 && { networkQueues: Math.min(source.flavor.vcpus, queuesMax) }),
    machine: compact({ ...frozen, type: machine.type ?? machineType }),
  };
}

function configDriveOf({ spec }: Server): Pick<DomainModel, "configDrive"> {
  if (spec.configDrive === "None") return {};
  return { configDrive: spec.configDrive === "VFAT" ? "vfat" : "iso9660" };
}

function sourceSpecOf(source: Source): Pick<GuestSpec, "image" | "rootDiskGib" | "shutdown"> {
  const { http, format } = source.image;
  const { shutdownTimeoutSeconds: asked } = checkedContribution(source);
  return {
    image: { http, format },
    rootDiskGib: source.flavor.rootDiskGib,
    shutdown: {
      timeoutSeconds: asked ?? shutdownTimeoutSeconds,
      retryIntervalSeconds: shutdownRetryIntervalSeconds,
    },
  };
}

/** What flavor and image, which were checked when the copies were taken, mean for the guest. */
export function checkedContribution({ flavor, image }: Source): Contribution {
  const result = contributionsOf(flavor.extraSpecs, image.properties);
  assert(result.ok, "flavor and image were checked when the server took its copies");
  return result.contribution;
}

function ownerOf(server: Server): OwnerReference {
  const { name } = server.metadata;
  return { apiVersion, kind: kinds.server.kind, name, uid: uidOf(server), controller: true };
}
