// SPDX-License-Identifier: Apache-2.0
import type { Guest, Hypervisor, Server } from "../../../api/kinds.ts";
import type { Resources } from "../../../api/v1alpha1/guest-model.ts";
import { addUp, capacityOf } from "../../../core/placement/inventory.ts";
import { resources } from "../../../ports/kube.ts";
import type { FakeKube } from "../../fake-kube.ts";
import type { World } from "../world/world.ts";
import { committed } from "./committed.ts";
import { HostReports, type Judgement, staleMsMax } from "./host-reports.ts";
import { defineInvariant } from "./invariant.ts";

/** A claim that was accepted, with all that its host was committed to then. */
interface Acceptance {
  readonly judgement: Judgement;
  readonly guest: string;
  readonly asked: Resources;
  readonly used: Resources;
}

/** Protocol P2. An inventory that shrinks ends no claim: it only lets no new one in. */
export const claimsAddUp = defineInvariant({
  name: "claims-add-up",
  says: "a claim is accepted only where it fits, and what is promised is the sum of what exists",
  watch(world: World) {
    const { api, timeline, people, forgetting } = world;
    const reports = new HostReports(world);
    const waiting: Acceptance[] = [];
    const accepted = new Set<string | undefined>();
    api.onWrite(({ kind, actor, object }) => {
      if (kind !== "Guest" || object === undefined) return;
      const guest = object as Guest;
      const { metadata, spec, status } = guest;
      if (status?.claim?.state !== "Accepted" || accepted.has(metadata.uid)) return;
      accepted.add(metadata.uid);
      // What a restored API server has forgotten is taken back, whatever came there since.
      if (forgetting.hasForgotten(spec.host)) return;
      const used = addUp(committed(api.kube, spec.host).map((each) => each.spec.resources));
      const judgement = reports.judgement(guest, actor);
      waiting.push({ judgement, guest: metadata.name, asked: spec.resources, used });
    });
    return {
      afterStep: () => {
        reports.look();
        const [first] = waiting;
        if (first === undefined || timeline.nowMs - first.judgement.atMs < staleMsMax)
          return undefined;
        waiting.shift();
        return excessOf(first, reports);
      },
      missing: async () => unequalIn(api.kube, people.restores > 0),
      atEnd: () => {
        const faults = waiting.map((acceptance) => excessOf(acceptance, reports));
        return faults.find((fault) => fault !== undefined);
      },
    };
  },
});

/** What the acceptance promised beyond the most that the host may have gone by. */
function excessOf(acceptance: Acceptance, reports: HostReports): string | undefined {
  const { judgement, guest, asked, used } = acceptance;
  const known = reports.inventoriesFor(judgement);
  // It had no time to say by what it judged.
  if (known.length === 0) return undefined;
  for (const name of Object.keys(asked)) {
    const capacities = known.map((inventory) => {
      const offer = inventory[name];
      return offer === undefined ? 0 : capacityOf(offer);
    });
    const capacity = Math.max(0, ...capacities);
    const sum = used[name] ?? 0;
    if (sum > capacity) return `${judgement.host} took ${guest}: ${sum} ${name} of ${capacity}`;
  }
  return undefined;
}

/**
 * By Guests, by Servers and by what is told of the host: the same, class by class. Excepted is a server that a
 * restore brought back after its host had given it up: it ends in ERROR, while its Guest still counts.
 */
function unequalIn(kube: FakeKube, isRestored: boolean): string | undefined {
  const isSettled = ({ status }: Server): boolean => !isRestored || status?.phase !== "ERROR";
  const servers = kube.stored(resources.servers).filter(isSettled);
  const uids = new Set(servers.map(({ metadata }) => metadata.uid));
  for (const hypervisor of kube.stored(resources.hypervisors)) {
    const { name } = hypervisor.metadata;
    const guests = committed(kube, name);
    const settled = guests.filter(({ spec }) => !isRestored || uids.has(spec.server.uid));
    const byGuests = addUp(settled.map(({ spec }) => spec.resources));
    const byServers = addUp(servers.map((server) => heldOn(server, name)));
    const told = addUp(guests.map(({ spec }) => spec.resources));
    const fault = differenceOf(byGuests, byServers) ?? untoldIn(hypervisor, told);
    if (fault !== undefined) return `${name}: ${fault}`;
  }
  return undefined;
}

function differenceOf(byGuests: Resources, byServers: Resources): string | undefined {
  for (const each of new Set([...Object.keys(byGuests), ...Object.keys(byServers)])) {
    const [guests, held] = [byGuests[each] ?? 0, byServers[each] ?? 0];
    if (guests !== held) return `Guests hold ${guests} ${each}, Servers ${held}`;
  }
  return undefined;
}

function untoldIn({ status: { usage } = {} }: Hypervisor, byGuests: Resources): string | undefined {
  const told = [usage?.vcpus, usage?.memory, usage?.disk];
  const used = ["VCPU", "MEMORY_MB", "DISK_GB"].map((each) => String(byGuests[each] ?? 0));
  const isTold = used.every((amount, index) => told[index]?.split("/")[0] === amount);
  return isTold ? undefined : `tells of ${told.join(" ")}, Guests hold ${used.join(" ")}`;
}

function heldOn({ status }: Server, host: string): Resources {
  const { run, allocation = {} } = status ?? {};
  return run?.host === host && run.state === "Granted" ? allocation : {};
}
