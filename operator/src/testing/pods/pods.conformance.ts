// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe } from "vitest";
import { describeScheduling } from "./kube-scheduler.conformance.ts";
import {
  describeBeginnings,
  describeDeletions,
  describeEnds,
  describeOutages,
} from "./kubelet.conformance.ts";
import { type PodHost, PodWorld } from "./pod-world.ts";

/** What becomes of pods, demanded alike of a real kubelet and kube-scheduler and of the fakes. */
export function describePodsConformance(
  kind: "real" | "fake",
  makeHost: () => Promise<PodHost>,
): void {
  const world = new PodWorld();
  beforeAll(() => world.prepare(makeHost));
  afterAll(() => world.host.close());

  describe(`a ${kind} kube-scheduler`, () => {
    describeScheduling(world);
  });
  describe(`a ${kind} kubelet`, () => {
    describeBeginnings(world);
    describeEnds(world);
    describeDeletions(world);
    describeOutages(world);
  });
}
