// SPDX-License-Identifier: Apache-2.0
import type { Weigher } from "../weigher.ts";
import { boringHost } from "./boring-host.ts";
import { buildFailures } from "./build-failures.ts";
import { cpu } from "./cpu.ts";
import { devices } from "./devices.ts";
import { disk } from "./disk.ts";
import { hypervisorVersion } from "./hypervisor-version.ts";
import { imageProperties } from "./image-properties.ts";
import { ioOperations } from "./io-operations.ts";
import { metrics } from "./metrics.ts";
import { pressure } from "./pressure.ts";
import { ram } from "./ram.ts";
import { serverCount } from "./server-count.ts";
import { softAffinity } from "./soft-affinity.ts";
import { softAntiAffinity } from "./soft-anti-affinity.ts";
import { traits } from "./traits.ts";

/** Every weigher; their values add up. */
export const weighers: readonly Weigher[] = [
  ram,
  cpu,
  disk,
  devices,
  ioOperations,
  serverCount,
  hypervisorVersion,
  buildFailures,
  softAffinity,
  softAntiAffinity,
  imageProperties,
  metrics,
  traits,
  pressure,
  boringHost,
];
