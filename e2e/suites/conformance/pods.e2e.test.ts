// SPDX-License-Identifier: Apache-2.0
/** The simulator's kubelet and kube-scheduler are held to these by the same suite. */
import { inject } from "vitest";
import { describePodsConformance } from "../../../operator/src/testing/pods/pods.conformance.ts";
import { makeRealPodHost } from "../../framework/real-pod-host.ts";
import { theWorld } from "../../framework/world.ts";

describePodsConformance("real", async () =>
  makeRealPodHost(await theWorld(), inject("release").product),
);
