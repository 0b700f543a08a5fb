// SPDX-License-Identifier: Apache-2.0
import { open, readdir, readFile, type FileHandle } from "node:fs/promises";
import { Unavailable } from "../../ports/errors.ts";
import type { PodIdentity } from "../../ports/pod-networks.ts";

/**
 * A number in `proc` of a process of the pod that nobody in the pod could have put elsewhere: the first
 * of a container's process namespace. Throws Unavailable when there is none.
 */
export async function findPodProcess(pod: PodIdentity, proc = "/proc"): Promise<string> {
  for (const pid of await readdir(proc)) {
    if (/^\d+$/.test(pid) && (await isFirstOf(pod, `${proc}/${pid}`))) return pid;
  }
  throw new Unavailable(`the pod ${pod.podUid} has no processes yet`);
}

/** Opens the pod's network namespace: it stays the same one, whatever becomes of the process. */
export async function openNetworkNamespace(pod: PodIdentity, proc = "/proc"): Promise<FileHandle> {
  const pid = await findPodProcess(pod, proc);
  const namespace = await open(`${proc}/${pid}/ns/net`).catch((cause: unknown) => {
    throw new Unavailable(`the pod ${pod.podUid} ends`, cause);
  });
  // The number could have gone to another process in between.
  if (await isFirstOf(pod, `${proc}/${pid}`)) return namespace;
  await namespace.close();
  throw new Unavailable(`the pod ${pod.podUid} ends`);
}

async function isFirstOf({ podUid, uid }: PodIdentity, directory: string): Promise<boolean> {
  const status = await readIfThere(`${directory}/status`);
  // In this namespace and its container's, and no further one that the pod made by itself.
  const isFirst = /^NSpid:\t\d+\t1$/m.test(status);
  if (!isFirst || !new RegExp(`^Uid:\t${uid}\t`, "m").test(status)) return false;
  const groups = await readIfThere(`${directory}/cgroup`);
  // The name under either of the kubelet's drivers, cgroupfs and systemd.
  const names = [`/pod${podUid}/`, `-pod${podUid.replaceAll("-", "_")}.slice/`];
  return names.some((name) => groups.includes(name));
}

/** Empty for a process that ended meanwhile. */
async function readIfThere(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
