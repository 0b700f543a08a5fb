// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";

/** What the scheduler is asked to find a host for. */
export interface ScheduleRequest {
  /** Uid of the Server: decides between hosts that are as good as each other. */
  readonly serverUid: string;
  /** What the server takes of its host. */
  readonly resources: Resources;
  /** Hosts that refused it since it was last granted a run. */
  readonly refusedHosts: readonly string[];
}
