// SPDX-License-Identifier: Apache-2.0
import type { Guest, Hypervisor, Server } from "../../../api/kinds.ts";
import type { Resources } from "../../../api/v1alpha1/guest-model.ts";
import { addUp, capacityOf } from "../../../core/placement/inventory.ts";
import { resources } from "../../../ports/kube.ts";
import type { FakeKube } from "../../fake-kube.ts";
import type { World } from "../world/world.ts";
import { committed } from "./committed.ts";
import { defineInvariant } from "./invariant.ts";

/** A host may judge by what it learned of itself this long before or after it said so. */
const staleMsMax = 150_000;

interface Report {
  readonly host: string;
  readonly atMs: number;
  readonly inventory: NonNullable<NonNullable<Hypervisor["status"]>["inventory"]>;
}

/** A claim that was accepted, with all that its host was committed to then. */
interface Acceptance {
  readonly host: string;
  readonly atMs: number;
  readonly guest: string;
  readonly asked: Resources;
  readonly used: Resources;
}

/** Protocol P2. An inventory that shrinks ends no claim: it only lets no new one in. */
export const claimsAddUp = defineInvariant({
  name: "claims-add-up",
  says: "a claim is accepted only where it fits, and what is promised is the sum of what exists",
  watch({ api, timeline, people }: World) {
    const reports: Report[] = [];
    const waiting: Acceptance[] = [];
    const accepted = new Set<string | undefined>();
    api.onWrite(({ kind, object }) => {
      const atMs = timeline.nowMs;
      if (kind === "Hypervisor" && object !== undefined) {
        const { metadata, status } = object as Hypervisor;
        const { inventory } = status ?? {};
        if (inventory !== undefined) reports.push({ host: metadata.name, atMs, inventory });
      }
      if (kind !== "Guest" || object === undefined) return;
      const { metadata, spec, status } = object as Guest;
      if (status?.claim?.state !== "Accepted" || accepted.has(metadata.uid)) return;
      accepted.add(metadata.uid);
      // A restored API server has forgotten claims that hosts took, and gives them out again.
      if (people.restores > 0) return;
      const { host, resources: asked } = spec;
      const used = addUp(committed(api.kube, host).map((guest) => guest.spec.resources));
      waiting.push({ host, atMs, guest: metadata.name, asked, used });
    });
    return {
      afterStep: () => {
        const [first] = waiting;
        if (first === undefined || timeline.nowMs - first.atMs < staleMsMax) return undefined;
        waiting.shift();
        return excessOf(first, reports);
      },
      // Nor do they add up for a server that a restore brought back after its host had given it up.
      missing: async () => (people.restores > 0 ? undefined : unequalIn(api.kube)),
      atEnd: () => {
        const faults = waiting.map((acceptance) => excessOf(acceptance, reports));
        return faults.find((fault) => fault !== undefined);
      },
    };
  },
});

/** What the acceptance promised beyond the most that the host had about then. */
function excessOf(acceptance: Acceptance, reports: readonly Report[]): string | undefined {
  const { host, atMs, guest, asked, used } = acceptance;
  // The last one before the window holds at its beginning.
  const ofHost = reports.filter((report) => report.host === host);
  const before = ofHost.findLast((report) => report.atMs < atMs - staleMsMax);
  const within = ofHost.filter((report) => Math.abs(report.atMs - atMs) <= staleMsMax);
  const known = before === undefined ? within : [before, ...within];
  for (const name of Object.keys(asked)) {
    const capacities = known.map(({ inventory }) => {
      const offer = inventory[name];
      return offer === undefined ? 0 : capacityOf(offer);
    });
    const capacity = Math.max(0, ...capacities);
    const sum = used[name] ?? 0;
    if (sum > capacity) return `${host} took ${guest}: ${sum} ${name} of ${capacity}`;
  }
  return undefined;
}

/** By Guests, by Servers and by what is told of the host: the same, class by class. */
function unequalIn(kube: FakeKube): string | undefined {
  const servers = kube.stored(resources.servers);
  for (const hypervisor of kube.stored(resources.hypervisors)) {
    const { name } = hypervisor.metadata;
    const byGuests = addUp(committed(kube, name).map(({ spec }) => spec.resources));
    const byServers = addUp(servers.map((server) => heldOn(server, name)));
    const fault = differenceOf(byGuests, byServers) ?? untoldIn(hypervisor, byGuests);
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
