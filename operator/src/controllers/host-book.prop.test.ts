// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Guest, HostAggregate, Hypervisor, Server } from "../api/kinds.ts";
import { label } from "../api/names.ts";
import { zoneOf } from "../core/scheduler/aggregates.ts";
import { heldClaims } from "../core/scheduler/claims.ts";
import { hostStatesOf } from "../core/scheduler/host-states.ts";
import { type Change, keyOf } from "../platform/informer.ts";
import { type Indexer, ObjectCache } from "../platform/object-cache.ts";
import type { Node, ResourceObject } from "../ports/kube.ts";
import { aGuest, aHypervisor, anAggregate, aServer } from "../testing/builders.ts";
import { HostBook } from "./host-book.ts";
import { nodeView } from "./node-view.ts";

/** An informer without a cluster behind it. */
class Source<T extends ResourceObject> extends ObjectCache<T> {
  readonly #handlers: ((change: Change<T>) => void)[] = [];

  constructor(indexers: Readonly<Record<string, Indexer<T>>> = {}) {
    super(indexers);
  }

  onChange(handler: (change: Change<T>) => void): void {
    this.#handlers.push(handler);
  }

  set(key: string, current: T | undefined): void {
    const change = { key, old: this.put(key, current), current };
    for (const handler of this.#handlers) handler(change);
  }
}

function newSources() {
  return {
    hypervisors: new Source<Hypervisor>(),
    nodes: new Source<Node>(),
    aggregates: new Source<HostAggregate>(),
    servers: new Source<Server>({
      uid: ({ metadata }) => [metadata.uid ?? ""],
      host: ({ status }) => (status?.run === undefined ? [] : [status.run.host]),
    }),
    guests: new Source<Guest>({
      host: ({ spec }) => [spec.host],
      server: ({ metadata }) => [metadata.labels?.[label.serverUid] ?? ""],
    }),
  };
}

type Sources = ReturnType<typeof newSources>;

const hosts = ["node-1", "node-2", "node-3"];
const host = fc.constantFrom(...hosts);
const serverNumber = fc.nat(2);
const token = fc.integer({ min: 1, max: 2 });
const uidOf = (server: number): string => `5e12e12e-0000-4000-8000-00000000000${server}`;
/** An incarnation never moves: another host is another token. */
const hostOf = (server: number, one: number): string => hosts[(server + one) % 3] ?? "";
const guestName = (server: number, one: number): string => `web-${server}-${one}`;

type Event = (sources: Sources) => void;

const hypervisorEvent: fc.Arbitrary<Event> = fc
  .tuple(host, fc.constantFrom("up" as const, "down" as const, undefined))
  .map(([name, state]) => ({ hypervisors }) => {
    const hypervisor = aHypervisor({ metadata: { name } });
    const status = { ...hypervisor.status, state };
    hypervisors.set(name, state === undefined ? undefined : { ...hypervisor, status });
  });

const nodeEvent: fc.Arbitrary<Event> = fc
  .tuple(host, fc.boolean())
  .map(([name, unschedulable]) => ({ nodes }) => {
    const labels = { [label.hypervisor]: "true" };
    const node = { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
    nodes.set(name, { ...node, spec: { unschedulable } });
  });

const aggregateEvent: fc.Arbitrary<Event> = fc
  .tuple(fc.constantFrom("a", "b"), fc.constantFrom("east", "west", undefined))
  .map(([name, availabilityZone]) => ({ aggregates }) => {
    const nodeSelector = { matchLabels: { [label.hypervisor]: "true" } };
    const spec = { nodeSelector, ...(availabilityZone !== undefined && { availabilityZone }) };
    aggregates.set(name, availabilityZone === undefined ? undefined : anAggregate(name, spec));
  });

const serverEvent: fc.Arbitrary<Event> = fc
  .tuple(serverNumber, token, fc.boolean(), fc.boolean(), fc.boolean())
  .map(([number, one, hasRun, isGranted, isBuilding]) => ({ servers }) => {
    const state = isGranted ? ("Granted" as const) : ("Released" as const);
    const server = aServer({
      metadata: { name: `web-${number}`, uid: uidOf(number) },
      ...(hasRun && {
        status: {
          phase: isBuilding ? "BUILD" : "ACTIVE",
          run: { token: one, guest: guestName(number, one), state, host: hostOf(number, one) },
          allocation: { VCPU: number + 1 },
        },
      }),
    });
    servers.set(keyOf(server), server);
  });

const guestEvent: fc.Arbitrary<Event> = fc
  .tuple(serverNumber, token, fc.constantFrom("here", "released", "gone"))
  .map(([number, one, fate]) => ({ guests }) => {
    const isReleased = fate === "released";
    const guest = aGuest({
      metadata: {
        name: guestName(number, one),
        labels: { [label.serverUid]: uidOf(number) },
        generation: 1,
      },
      spec: {
        server: { name: `web-${number}`, uid: uidOf(number) },
        host: hostOf(number, one),
        runState: isReleased ? "Absent" : "Running",
        resources: { VCPU: number + 1, MEMORY_MB: 64 },
      },
      ...(isReleased && { status: { domain: "Off", observedGeneration: 1 } }),
    });
    guests.set(keyOf(guest), fate === "gone" ? undefined : guest);
  });

/** As assumptions are: each the same object as long as it stands, and none of a guest on two hosts. */
const assumptionsMade = hosts.flatMap((name) =>
  [1, 2].map((number) => ({
    host: name,
    guest: `new-${number}-${name}`,
    namespace: "team",
    uid: number,
    resources: { VCPU: number + 1 },
  })),
);
const assumed = fc.subarray(assumptionsMade, { maxLength: 3 });

test("hosts are at any time what a count of everything would make them", () => {
  const event = fc.oneof(hypervisorEvent, nodeEvent, aggregateEvent, serverEvent, guestEvent);
  fc.assert(
    fc.property(fc.array(fc.tuple(event, assumed), { maxLength: 30 }), (history) => {
      const sources = newSources();
      const book = new HostBook(sources);
      for (const [happen, assumptions] of history) {
        happen(sources);
        const servers = sources.servers.list();
        const guests = sources.guests.list();
        const claims = heldClaims({ servers, guests, assumed: assumptions });
        const nodes = new Map(
          sources.nodes.list().map((one) => [one.metadata.name, nodeView(one)]),
        );
        const hypervisors = sources.hypervisors.list();
        const aggregates = sources.aggregates.list();
        const expected = hostStatesOf({ hypervisors, nodes, aggregates }, claims);
        for (const one of expected) expect(book.zoneOf(one.name)).toBe(zoneOf(one));
        expect(book.list(assumptions)).toEqual(expected);
      }
    }),
    { numRuns: 300 },
  );
});

test("a host of which nothing changed is the same object in the next decision", () => {
  const sources = newSources();
  for (const name of hosts) sources.hypervisors.set(name, aHypervisor({ metadata: { name } }));
  const book = new HostBook(sources);
  const before = book.list([]);
  sources.guests.set("team/web", aGuest({ spec: { host: "node-2" } }));
  const after = book.list([]);
  expect(after.map((one, index) => one === before[index])).toEqual([true, false, true]);
});
