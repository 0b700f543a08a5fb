// SPDX-License-Identifier: Apache-2.0
import type { HypervisorSpec } from "../../api/v1alpha1/hypervisor.ts";
import type { NodePaths } from "../../core/guest/paths.ts";
import {
  formatProbeRecord,
  parseProbeRecord,
  type ProbeRecord,
} from "../../core/hypervisor/probe-record.ts";
import {
  judgeProbes,
  type ProbeResult,
  nextProbe,
  type VirtType,
  type VirtTypeVerdict,
} from "../../core/hypervisor/virt-type.ts";
import type { Logger } from "../../platform/logging.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Devices } from "../../ports/devices.ts";
import { TimedOut } from "../../ports/errors.ts";
import { type CommandLimits, type Helper, helperPath } from "../../ports/helper.ts";
import type { NodeFiles } from "../../ports/node-files.ts";
import { kvmDevice } from "../devices/offered-devices.ts";

export interface VirtProbeOptions {
  readonly helper: Helper;
  readonly devices: Devices;
  readonly files: NodeFiles;
  readonly paths: NodePaths;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Wall-clock time that a probe may take on a busy node: what hangs is found out by its CPU time. */
const probeSeconds = 120;

/**
 * A KVM that works boots the probe guest in well under a second of CPU time; one that does not spins in
 * the kernel. TCG needs about as much for its own. Address space, because QEMU reserves much more than it uses.
 */
const limits: Readonly<Record<VirtType, CommandLimits>> = {
  kvm: { timeoutSeconds: probeSeconds, cpuSeconds: 5, memoryMib: 8192, fileSizeMib: 0 },
  qemu: { timeoutSeconds: probeSeconds, cpuSeconds: 15, memoryMib: 8192, fileSizeMib: 0 },
};

const accelerators: Readonly<Record<VirtType, readonly string[]>> = {
  kvm: ["kvm", `${helperPath.devices}/${kvmDevice.name}`],
  qemu: ["tcg"],
};

/** Finds out under which virtualization type guests run here, by running one. */
export class VirtProbe {
  readonly #options: VirtProbeOptions;

  constructor(options: VirtProbeOptions) {
    this.#options = options;
  }

  /**
   * Judges what the administrator asks for by what is known of this boot and guest image; what is not
   * known yet is tried. Throws Unavailable while the helper is not up.
   */
  async prove(
    asked: HypervisorSpec["virtType"],
    now: Pick<ProbeRecord, "bootId" | "guestImage">,
  ): Promise<VirtTypeVerdict> {
    const { devices, files, paths } = this.#options;
    const hasKvmDevice = await devices.exists(kvmDevice.hostPath);
    let record = parseProbeRecord(await files.read(paths.virtProbe), now);
    for (;;) {
      const probes = { hasKvmDevice, ...record };
      const type = nextProbe(asked, probes);
      if (type === undefined) return judgeProbes(asked, probes);
      record = { ...record, [type]: await this.#try(type) };
      await files.write(paths.virtProbe, formatProbeRecord(record));
    }
  }

  async #try(type: VirtType): Promise<ProbeResult> {
    const { clock, log } = this.#options;
    const startedMs = clock.monotonicMs();
    const result = await this.#run(type);
    const durationMs = Math.round(clock.monotonicMs() - startedMs);
    const outcome = result.isProven ? "proven" : "failed";
    log.info({ kind: type, outcome, durationMs, cause: result.message }, "probe guest ended");
    return result;
  }

  async #run(type: VirtType): Promise<ProbeResult> {
    const { helper, devices, paths } = this.#options;
    if (type === "kvm") {
      await devices.copy(kvmDevice.hostPath, `${paths.devices}/${kvmDevice.name}`);
    }
    const deadline = `KILONOVA_PROBE_SECONDS=${probeSeconds}`;
    const argv = ["env", deadline, "kilonova-probe", ...accelerators[type]];
    try {
      const { exitCode, stderr } = await helper.run(argv, { limits: limits[type] });
      return { isProven: exitCode === 0, message: lastWords(stderr) };
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error;
      return { isProven: false, message: `it did not end within ${probeSeconds} s` };
    }
  }
}

/** What QEMU said last, in a length that fits a condition; a guest may have written any bytes. */
function lastWords(output: string): string {
  const lines = output.replaceAll(/[^\x20-\x7e\n]/g, "").split("\n");
  const last = lines.findLast((line) => line.trim() !== "") ?? "";
  return last.trim().slice(0, 300).replace(/[.:]$/, "");
}
