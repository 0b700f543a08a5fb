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
        find: '      if (this.#dirty.get(key) !== "prompt") this.#dirty.set(key, lane);\n',
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
    name: "allocation-forgotten",
    breaks: "P2: what is promised is the sum of what exists",
    edits: [
      {
        file: "core/server/status.ts",
        find: "allocation: status.allocation,",
        replace: 'allocation: status.phase === "BUILD" ? status.allocation : undefined,',
      },
    ],
  },
  {
    name: "later-release-overwritten",
    breaks: "an operator keeps what a later release wrote",
    edits: [
      {
        file: "core/server/status.ts",
        find: "...laterMembers(serverStatusSchema.shape, status),",
        replace: "",
      },
    ],
  },
  {
    name: "later-release-reported",
    breaks:
      "an agent answers for its own part of a Hypervisor, and for no member of a later operator",
    edits: [
      {
        file: "core/hypervisor/report.ts",
        find: ".filter(([name]) => reported.has(name));",
        replace: '.filter(([name]) => !["state", "usage", "identity"].includes(name));',
      },
    ],
  },
  {
    name: "network-set-up-once",
    breaks: "a pod's network is brought about again, whatever became of it",
    edits: [
      {
        file: "core/guest/plan.ts",
        find: "return network === undefined || network.ageSeconds >= networkRepeatSeconds;",
        replace: "return network === undefined;",
      },
    ],
  },
  {
    name: "pod-marks-kept",
    breaks: "a pod follows the labels and the probe of its Server",
    edits: [
      {
        file: "core/server/upkeep.ts",
        find: "const change = markChange(pod.marks, wanted);",
        replace: "const change = markChange(wanted, wanted);",
      },
    ],
  },
  {
    name: "claim-accepted-twice",
    breaks: "P2: a host takes claims against all that it has committed itself to",
    edits: [
      {
        file: "core/guest/claim.ts",
        find: "const used = addUp(committed.map((other) => other.spec.resources));",
        replace: "const used = addUp([]);",
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
    name: "running-mtu-followed",
    breaks: "a guest that runs keeps the MTU that it was told at its start",
    edits: [
      {
        file: "core/guest/network/card.ts",
        find: "const mtu = kept.find((one) => one.name === name)?.mtu ?? uplink.mtu;",
        replace: 'const mtu = name === "" ? kept.length : uplink.mtu;',
      },
    ],
  },
  {
    name: "address-claim-unowned",
    breaks: "what keeps a server's addresses goes with the Server",
    edits: [
      {
        file: "core/guest/network/address-claim.ts",
        find: "          ownerReferences: [owner],\n",
        replace: "",
      },
    ],
  },
  {
    name: "attached-address-forgotten",
    breaks: "the next agent finds what IPAM gave to a pod",
    edits: [
      {
        file: "core/guest/network/attachment.ts",
        find: "...(given === undefined ? [] : [`link set dev ${uplink.name} alias ${given}`]),",
        replace: "",
      },
    ],
  },
];
