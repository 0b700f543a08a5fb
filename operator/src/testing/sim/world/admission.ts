// SPDX-License-Identifier: Apache-2.0
import { memoryRequestBytes, type PodMemory } from "../../../core/hypervisor/pod-requests.ts";
import type { Pod } from "../../../ports/kube.ts";
import type { Machine } from "./machine.ts";
import { deviceRequests } from "./pod-devices.ts";

/** Which pods a kubelet takes: it asks when it first sees a pod, and again after a boot. */
export class Admission {
  /** Uids of the pods that it admitted, or found running when it started. */
  readonly admitted = new Set<string>();
  readonly #machine: Machine;
  readonly #pods: () => readonly Pod[];

  constructor(machine: Machine, pods: () => readonly Pod[]) {
    this.#machine = machine;
    this.#pods = pods;
  }

  /** The reason for which the pod is turned away, if there is one. */
  admit(pod: Pod): string | undefined {
    const { uid = "" } = pod.metadata;
    if (this.admitted.has(uid)) return undefined;
    const devices = Object.keys(deviceRequests(pod));
    if (!devices.every((name) => this.#machine.plugins.hasDevice(name))) {
      return "UnexpectedAdmissionError";
    }
    if (this.#bytesWith(pod) > this.#machine.memoryMib * 2 ** 20) return "OutOfmemory";
    this.admitted.add(uid);
    return undefined;
  }

  #bytesWith(pod: Pod): number {
    const admitted = this.#pods().filter(({ metadata }) => this.admitted.has(metadata.uid ?? ""));
    return [...admitted, pod].reduce((sum, each) => sum + memoryRequestBytes(each as PodMemory), 0);
  }
}
