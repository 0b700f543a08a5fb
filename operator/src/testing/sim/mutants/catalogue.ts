// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutant.ts";

/** Bugs that somebody might make at the places where a mistake costs a user's data. */
export const mutants: readonly Mutant[] = [
  {
    name: "released-file-skipped",
    breaks: "P1: a released token never runs again on its node",
    edits: [
      {
        file: "agent/guests/observe.ts",
        find: "isReleased: senses.released.has(incarnation),",
        replace:
          'isReleased: guest.spec.runState === "Absent" || guest.metadata.deletionTimestamp !== undefined,',
      },
    ],
  },
  {
    name: "grant-by-cache",
    breaks: "P1: the run right is granted after a fresh read, by a conditional write",
    edits: [
      {
        file: "controllers/server/controller.ts",
        find: "const fresh = await this.#observer.fresh(key, this.#recollect(key));",
        replace: "const fresh = this.#observer.cached(key, this.#recollect(key));",
      },
      {
        file: "controllers/server/apply.ts",
        find: "const next = { ...this.#server, metadata, status };",
        replace:
          "const now = await this.#kube.get(resources.servers, metadata);\n    const next = { ...this.#server, metadata: { ...metadata, resourceVersion: now.metadata.resourceVersion }, status };",
      },
    ],
  },
  {
    name: "finalizer-forgotten",
    breaks: "P4: a Guest goes only when its host has undone it",
    edits: [
      {
        file: "core/guest/resolve.ts",
        find: "      finalizers: [finalizer],\n",
        replace: "",
      },
    ],
  },
  {
    name: "watch-event-dropped",
    breaks: "platform: a cache holds what the API server holds",
    edits: [
      {
        file: "platform/reflector.ts",
        find: 'if (event.type === "DELETED") this.#options.sink.remove(event.object);',
        replace: 'if (event.type === "DELETED") this.#failures = 0;',
      },
    ],
  },
  {
    name: "released-before-off",
    breaks: "P1: the run right is given back after libvirt said off",
    edits: [
      {
        file: "core/guest/plan.ts",
        find: 'return domain.kind === "present" ? planEnd(view, domain) : planRelease(view);',
        replace: "return planRelease(view);",
      },
    ],
  },
  {
    name: "missing-object-destroys",
    breaks: "P4: a missing object is no word of its owner",
    edits: [
      {
        file: "agent/guests/orphan-keeper.ts",
        find: "await files.setAside(orphan);",
        replace: "await files.remove(orphan);",
      },
    ],
  },
  {
    name: "token-not-grown",
    breaks: "P1: the token only grows",
    edits: [
      {
        file: "core/server/run-right.ts",
        find: "return runOf(state, host, lastToken(state) + 1);",
        replace: "return runOf(state, host, Math.max(lastToken(state), 1));",
      },
    ],
  },
  {
    name: "spec-written",
    breaks: "the operator never writes a user's spec",
    edits: [
      {
        file: "controllers/server/apply.ts",
        find: "const change = { metadata: { resourceVersion, finalizers } };",
        replace:
          'const change = { metadata: { resourceVersion, finalizers }, spec: { onCrash: "Restart" } };',
      },
    ],
  },
  {
    name: "report-always-written",
    breaks: "P9: a converged system writes nothing but Leases",
    edits: [
      {
        file: "core/hypervisor/plan.ts",
        find: "if (isEqual(report, said)) return { steps: [], againAfterSeconds: staleAfterSeconds };",
        replace: "",
      },
    ],
  },
  {
    name: "node-mark-kept",
    breaks: "P8: a node is marked as in use as long as Guests stand there",
    edits: [
      {
        file: "core/hypervisor/plan.ts",
        find: "node !== undefined && node.isMarkedInUse !== isInUse;",
        replace: "node !== undefined && !node.isMarkedInUse && isInUse;",
      },
    ],
  },
  {
    name: "guest-never-let-go",
    breaks: "P4: a host that has undone a Guest lets it go",
    edits: [
      {
        file: "agent/guests/apply.ts",
        find: "const finalizers = metadata.finalizers?.filter((name) => name !== finalizer) ?? [];",
        replace: "const finalizers = metadata.finalizers ?? [];",
      },
    ],
  },
  {
    name: "change-during-pass-lost",
    breaks: "platform: a key that is added while it is worked on is worked on again",
    edits: [
      {
        file: "platform/workqueue.ts",
        find: "      this.#dirty.add(key);\n",
        replace: "",
      },
    ],
  },
  {
    name: "status-by-whole-update",
    breaks: "P6: an agent writes the status of its Guests, and nothing else of them",
    edits: [
      {
        file: "agent/guests/guest-manager.ts",
        find: "await kube.updateStatus(resources.guests, { ...guest, status }, options);",
        replace: "await kube.update(resources.guests, { ...guest, status }, options);",
      },
    ],
  },
  {
    name: "claim-accepted-twice",
    breaks: "P2: the agent takes claims against what it has committed itself to",
    edits: [
      {
        file: "core/guest/claim.ts",
        find: "const used = addUp(committed.map((other) => other.spec.resources));",
        replace: "const used = addUp([]);",
      },
    ],
  },
  {
    name: "grant-before-release",
    breaks: "P1: a new run is granted when the last one was given back",
    edits: [
      {
        file: "core/server/run-right.ts",
        find: "return isLastReleased && strays.every(isReleased);",
        replace: "return isLastReleased || strays.every(isReleased);",
      },
    ],
  },
  {
    name: "silent-libvirt-is-off",
    breaks: "P1: a domain is off when libvirt or the absence of its QEMU says so",
    edits: [
      {
        file: "agent/guests/observe.ts",
        find: 'if (await processes.hasQemu(guest.spec.uid)) return { kind: "unknown" };',
        replace: "await processes.hasQemu(guest.spec.uid);",
      },
    ],
  },
  {
    name: "giving-up-destroys",
    breaks: "P4: a disk goes with its Server, not with an attempt to place it",
    edits: [
      {
        file: "core/server/upkeep.ts",
        find: 'const spec = { runState: "Absent", disks: "Keep" } as const;',
        replace: 'const spec = { runState: "Absent", disks: "Destroy" } as const;',
      },
    ],
  },
  {
    name: "stopped-guest-started-again",
    breaks: "P7: a guest that stopped by itself stays off unless the spec says otherwise",
    edits: [
      {
        file: "core/guest/plan.ts",
        find: 'const isWanted = view.guest.spec.runState === "Running" && !isBootBegun(view);',
        replace: 'const isWanted = view.guest.spec.runState === "Running";',
      },
    ],
  },
  {
    name: "relist-keeps-the-gone",
    breaks: "platform: what a new list does not show is gone",
    edits: [
      {
        file: "platform/informer.ts",
        find: "for (const key of gone) changes.push(this.#change(key, undefined));",
        replace: "",
      },
    ],
  },
  {
    name: "expired-watch-resumed",
    breaks: "platform: after 410 the cache is listed anew",
    edits: [
      {
        file: "platform/reflector.ts",
        find: "if (error instanceof Expired) this.#version = undefined;",
        replace: "",
      },
    ],
  },
  {
    name: "lease-taken-from-the-living",
    breaks: "platform: one leader at a time",
    edits: [
      {
        file: "platform/lease-lock.ts",
        find: "if (this.#isHeldByOther()) return false;",
        replace: "",
      },
    ],
  },
  {
    name: "server-let-go-first",
    breaks: "P4: a Server goes last, when its hosts have undone its Guests",
    edits: [
      {
        file: "core/server/actions/delete.ts",
        find: "if (state.guests.length === 0) return",
        replace: "if (state.guests.length >= 0) return",
      },
    ],
  },
  {
    name: "forgotten-not-asked-for",
    breaks: "P1: a server that was there before its leader is built when every host has spoken",
    edits: [
      {
        file: "core/server/recall.ts",
        find: "silentHosts: isOlder ? words.filter(isAwaited).map(({ host }) => host) : [],",
        replace:
          "silentHosts: words.filter(isAwaited).slice(words.length).map(({ host }) => host),",
      },
    ],
  },
  {
    name: "history-not-proven",
    breaks: "P1: the leader grants by what is of one history",
    edits: [
      {
        file: "platform/lease-lock.ts",
        find: "return this.#witness.agrees(lease.spec?.renewTime, confirmed);",
        replace: "return this.#witness.agrees(lease.spec?.renewTime, -1);",
      },
    ],
  },
  {
    name: "agent-outlives-its-history",
    breaks: "P1: a process that finds an older word of its own in its Lease begins anew",
    edits: [
      {
        file: "agent/heartbeat/heartbeat.ts",
        find: "if (this.#witness.agrees(lease?.spec?.renewTime, confirmed)) return lease;",
        replace: "if (this.#witness.agrees(lease?.spec?.renewTime, confirmed - 1e6)) return lease;",
      },
    ],
  },
];
