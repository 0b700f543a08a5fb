// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe } from "vitest";
import { describeApply, describeApplyBesideUpdates } from "./kube-store-apply.conformance.ts";
import { describeDeletion, describePreconditions } from "./kube-store-deletion.conformance.ts";
import {
  describeLists,
  describeWatches,
  describeWatchEnds,
} from "./kube-store-watch.conformance.ts";
import type { KubeStoreHost } from "./kube-store-world.ts";
import { KubeStoreWorld } from "./kube-store-world.ts";
import {
  describeCreation,
  describePatches,
  describeStatus,
  describeUpdates,
  describeValidation,
} from "./kube-store-writes.conformance.ts";

/** What the product relies on, demanded alike of a real API server and of the fake. */
export function describeKubeStoreConformance(
  kind: "real" | "fake",
  makeHost: () => Promise<KubeStoreHost>,
): void {
  describe(`a ${kind} API server`, () => {
    const world = new KubeStoreWorld();
    beforeAll(async () => {
      world.host = await makeHost();
    });
    afterAll(() => world.host.close());

    describeCreation(world);
    describeValidation(world);
    describeUpdates(world);
    describeStatus(world);
    describePatches(world);
    describeDeletion(world);
    describePreconditions(world);
    describeApply(world);
    describeApplyBesideUpdates(world);
    describeLists(world);
    describeWatches(world);
    describeWatchEnds(world);
  });
}
