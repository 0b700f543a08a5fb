// SPDX-License-Identifier: Apache-2.0
import type { Feature } from "../feature.ts";
import { cpuPolicy } from "./cpu-policy.ts";
import { description } from "./description.ts";
import { firmware } from "./firmware.ts";
import { guestAgent } from "./guest-agent.ts";
import { machineType } from "./machine-type.ts";
import { multiqueue } from "./multiqueue.ts";
import { rng } from "./rng.ts";
import { scheduling } from "./scheduling.ts";
import { shutdownTimeout } from "./shutdown-timeout.ts";

/** Everything that an extra spec or an image property can do. */
export const features: readonly Feature[] = [
  cpuPolicy,
  description,
  firmware,
  guestAgent,
  machineType,
  multiqueue,
  rng,
  scheduling,
  shutdownTimeout,
];
