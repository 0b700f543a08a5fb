// SPDX-License-Identifier: Apache-2.0
import { open, type FileHandle } from "node:fs/promises";
import { Unavailable } from "../../ports/errors.ts";
import type { PodIdentity } from "../../ports/pod-networks.ts";
import { processStatuses, readOfProcess } from "./process-statuses.ts";

/**
 * A number in `proc` for each pod that has processes: of one that nobody in the pod could have put
 * elsewhere, the first of a container's process namespace. Looks at every process once.
 */
export async function findPodProcesses(
  pods: readonly PodIdentity[],
  proc = "/proc",
): Promise<Map<PodIdentity, string>> {
  const found = new Map<PodIdentity, string>();
  for await (const { pid, text } of processStatuses(proc)) {
    const pod = podOf(pods, `${proc}/${pid}`, text);
    if (pod !== undefined) found.set(pod, pid);
  }
  return found;
}

/** Opens the pod's network namespace: it stays the same one, whatever becomes of the process. */
export async function openNetworkNamespace(pod: PodIdentity, proc = "/proc"): Promise<FileHandle> {
  const pid = (await findPodProcesses([pod], proc)).get(pod);
  if (pid === undefined) throw new Unavailable(`the pod ${pod.podUid} has no processes yet`);
  const namespace = await open(`${proc}/${pid}/ns/net`).catch((cause: unknown) => {
    throw new Unavailable(`the pod ${pod.podUid} ends`, cause);
  });
  // The number could have gone to another process in between.
  const status = readOfProcess(`${proc}/${pid}/status`) ?? "";
  if (podOf([pod], `${proc}/${pid}`, status) !== undefined) return namespace;
  await namespace.close();
  throw new Unavailable(`the pod ${pod.podUid} ends`);
}

/** Which of the pods the process is the first of a container of. */
function podOf(
  pods: readonly PodIdentity[],
  directory: string,
  status: string,
): PodIdentity | undefined {
  // In this namespace and its container's, and no further one that the pod made by itself.
  if (!/^NSpid:\t\d+\t1$/m.test(status)) return undefined;
  const uid = Number(/^Uid:\t(\d+)\t/m.exec(status)?.[1]);
  const candidates = pods.filter((pod) => pod.uid === uid);
  if (candidates.length === 0) return undefined;
  const groups = readOfProcess(`${directory}/cgroup`) ?? "";
  return candidates.find(({ podUid }) => isIn(groups, podUid));
}

/** By the name of the pod's group under either of the kubelet's drivers, cgroupfs and systemd. */
function isIn(groups: string, podUid: string): boolean {
  const names = [`/pod${podUid}/`, `-pod${podUid.replaceAll("-", "_")}.slice/`];
  return names.some((name) => groups.includes(name));
}
