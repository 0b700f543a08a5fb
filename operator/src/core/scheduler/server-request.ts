// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../api/conditions.ts";
import type { Server } from "../../api/kinds.ts";
import type { Resources } from "../../api/v1alpha1/guest-model.ts";
import type { ServerSpec } from "../../api/v1alpha1/server.ts";
import { type GuestTopology, topologyRequest } from "../guest/numa/guest-topology.ts";
import { checkedContribution, uidOf } from "../guest/resolve.ts";
import type { EmbeddedFlavor, EmbeddedImage, Source } from "../guest/source.ts";
import { compact } from "../lib/compact.ts";
import { addUp } from "../placement/inventory.ts";
import { requestedGroups } from "../placement/requested-groups.ts";
import type { GroupState, Hints, ScheduleRequest } from "./request.ts";

/** What a request is made from. */
export interface RequestSource {
  readonly server: Server;
  readonly source: Source;
  /** Memory in MiB that a server takes beside its guest's. */
  readonly overheadMib: number;
  readonly refusedHosts: readonly string[];
  readonly group?: GroupState | undefined;
  /** Uid of the Server of this name in the same namespace; undefined when there is none. */
  readonly uidOfServer: (name: string) => string | undefined;
}

/** What is asked, or why nothing can be. */
export type RequestOrRefusal = { readonly ok: true; readonly request: ScheduleRequest } | Refusal;

/**
 * What the scheduler is asked for a server, from its flavor, image, group and hints.
 * Source: nova-semantics 5.1, 5.6.
 */
export function requestFor(from: RequestSource): RequestOrRefusal {
  const { server, source, refusedHosts, group } = from;
  const demand = demandOf(source, from.overheadMib);
  if (!demand.ok) return demand;
  const { namespace } = server.metadata;
  const { availabilityZone, schedulerHints } = server.spec;
  const request = compact({
    ...demand.request,
    serverUid: uidOf(server),
    image: { id: source.image.uid, properties: source.image.properties ?? {} },
    refusedHosts,
    namespace,
    group,
    hints: hintsOf(schedulerHints, from.uidOfServer),
    zone: availabilityZone,
  });
  return { ok: true, request };
}

/** What the scheduler is asked for any server of a flavor, whatever its image and its tenant are. */
export function flavorRequest(flavor: EmbeddedFlavor, overheadMib: number): RequestOrRefusal {
  return demandOf({ flavor, image: anyImage }, overheadMib);
}

/** An image that asks for nothing. */
const anyImage: EmbeddedImage = {
  name: "",
  uid: "",
  http: { url: "", checksum: "" },
  format: "qcow2",
  minDiskGib: 0,
  minMemoryMib: 0,
};

/** What flavor and image ask for. */
function demandOf(source: Source, overheadMib: number): RequestOrRefusal {
  const { flavor, image } = source;
  const extraSpecs = flavor.extraSpecs ?? {};
  const imageProperties = image.properties ?? {};
  const { vcpus, memoryMib } = flavor;
  const asked = topologyRequest({ vcpus, memoryMib, extraSpecs, imageProperties });
  if (!asked.ok) return { ok: false, reason: "FlavorInvalid", message: asked.message };
  const { topology } = asked;
  const taken = resourcesOf(source, overheadMib, topology);
  const groups = requestedGroups(taken, extraSpecs, { ...imageProperties, ...traitsOf(source) });
  if (!groups.ok) return { ok: false, reason: "FlavorInvalid", message: groups.message };
  const { request: placement, traits } = groups;
  const request = compact({
    serverUid: "",
    resources: addUp(placement.groups.map(({ resources }) => resources)),
    placement,
    refusedHosts: [],
    flavor: { name: flavor.name, extraSpecs },
    traits,
    topology,
  });
  return { ok: true, request };
}

/**
 * What a server takes of its host unless its flavor says otherwise. MEMORY_MB in MiB includes
 * `overheadMib` for the processes beside the guest's memory, since the pod requests both. DISK_GB in GiB.
 * Guest CPUs with a host CPU of their own are PCPU, the others VCPU.
 * Source: nova-semantics 5.1. Differs: Nova keeps the overhead in the host's reserve.
 */
export function resourcesOf(
  { flavor, image }: Source,
  overheadMib: number,
  topology?: GuestTopology,
): Resources {
  const { cells = [], emulatorThreads } = topology ?? {};
  const dedicated = cells.reduce((sum, { dedicatedCpus }) => sum + dedicatedCpus.length, 0);
  // QEMU's own threads get a host CPU of their own beside the guest's.
  const emulatorCpus = emulatorThreads === "isolate" && dedicated > 0 ? 1 : 0;
  const claim = {
    VCPU: flavor.vcpus - dedicated,
    PCPU: dedicated + emulatorCpus,
    MEMORY_MB: flavor.memoryMib + overheadMib,
    DISK_GB: flavor.rootDiskGib === 0 ? image.minDiskGib : flavor.rootDiskGib,
  };
  return Object.fromEntries(Object.entries(claim).filter(([, amount]) => amount > 0));
}

/** What the guest's hardware demands of its host, as if the image had asked for it. */
function traitsOf(source: Source): Record<string, string> {
  const { requiredTraits = [] } = checkedContribution(source);
  return Object.fromEntries(requiredTraits.map((name) => [`trait:${name}`, "required"]));
}

function hintsOf(
  hints: ServerSpec["schedulerHints"],
  uidOfServer: RequestSource["uidOfServer"],
): Hints | undefined {
  if (hints === undefined) return undefined;
  const { differentHost, sameHost, hostNetwork, nodeSelector } = hints;
  return compact({
    differentHost: differentHost?.flatMap((name) => uidOfServer(name) ?? []),
    // A server that does not exist is nowhere: its name stands for a uid that no host has.
    sameHost: sameHost?.map((name) => uidOfServer(name) ?? name),
    hostNetwork,
    nodeSelector,
  });
}
