// SPDX-License-Identifier: Apache-2.0
import { makeFakePodHost } from "./fake-pod-host.ts";
import { describePodsConformance } from "./pods.conformance.ts";

describePodsConformance("fake", makeFakePodHost);
