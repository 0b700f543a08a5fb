// SPDX-License-Identifier: Apache-2.0
import { resources } from "../../../ports/kube.ts";
import type { Pod } from "../../../ports/kube.ts";
import { conditionOf } from "../../../core/lib/condition-set.ts";
import type { World } from "../world/world.ts";
import { isRunning, podAddress, type Standing, standingServers } from "./guests-reached.ts";
import { defineInvariant } from "./invariant.ts";

/** What Services go by: the labels of pods, and whether they are ready. */
export const marksFollow = defineInvariant({
  name: "marks-follow",
  says: "once faults stop a pod has the labels of its Server, and Services lead to the guests that answer, and to no other",
  watch: (world) => ({
    missing: async () => {
      const pods = new Map(
        world.api.kube.stored(resources.pods).map((pod) => [pod.metadata.uid, pod]),
      );
      return (await otherLabels(world)) ?? (await otherEndpoints(world, pods));
    },
  }),
});

function isOurs(key: string): boolean {
  return key.split("/")[0]?.endsWith("kilonova.io") === true;
}

/** Those that a person may have set, sorted: nobody else labels pods here. */
function shown(labels: Readonly<Record<string, string>> = {}): string {
  const entries = Object.entries(labels).filter(([key]) => !isOurs(key));
  return JSON.stringify(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

async function otherLabels({ api: { kube }, people }: World): Promise<string | undefined> {
  const pods = kube.stored(resources.pods);
  for (const { metadata, status } of await people.servers()) {
    const pod = pods.find(
      (one) =>
        one.metadata.namespace === metadata.namespace && one.metadata.name === status?.podName,
    );
    if (pod?.status?.phase !== "Running" || pod.metadata.deletionTimestamp !== undefined) continue;
    const [found, wanted] = [shown(pod.metadata.labels), shown(metadata.labels)];
    if (found === wanted) continue;
    return `pod ${metadata.namespace}/${pod.metadata.name} has ${found}, its Server ${wanted}`;
  }
  return undefined;
}

/** Whom a Service leads to that selects every server with an app: the ready pods. */
async function otherEndpoints(
  world: World,
  pods: ReadonlyMap<string | undefined, Pod>,
): Promise<string | undefined> {
  const standing = await standingServers(world);
  const answering = standing.filter(answers);
  const ready = [...pods.values()].filter(isEndpoint).map(({ metadata }) => metadata.uid);
  const wanted = answering.map(({ container }) => container.podUid);
  const surplus = ready.find((uid) => !wanted.includes(uid ?? ""));
  if (surplus !== undefined) return `pod ${surplus} is ready, and no guest answers there`;
  const silent = answering.find(({ container }) => !ready.includes(container.podUid));
  if (silent !== undefined) {
    return `pod ${silent.container.podUid} is not ready, and its guest answers at ${podAddress(silent.container.network)}`;
  }
  const liar = standing.find((one) => isAvailable(one) !== answering.includes(one));
  return (
    liar &&
    `Server ${liar.server.metadata.name} says that it is ${isAvailable(liar) ? "" : "not "}available`
  );
}

/** Without a probe a guest is ready for as long as it has a QEMU. */
function answers(one: Standing): boolean {
  const { server, container } = one;
  const hasProbe = server.spec.readinessProbe !== undefined;
  return !hasProbe || (isRunning(one) && container.network.isAnswering);
}

function isEndpoint({ metadata, status }: Pod): boolean {
  const isReady = status?.conditions?.some(
    ({ type, status: is }) => type === "Ready" && is === "True",
  );
  return isReady === true && metadata.deletionTimestamp === undefined;
}

function isAvailable({ server }: Standing): boolean {
  return conditionOf(server.status?.conditions, "Available")?.status === "True";
}
