// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vitest/config";

const slow = ["apiserver", "libvirt", "debian", "e2e"].map((kind) => `**/*.${kind}.test.ts`);
/** Many random inputs, or a whole world of fakes killed at every step: seconds of CPU each. */
const property = ["**/*.prop.test.ts", "**/*.sim.test.ts", "**/testing/sim/**/*.test.ts"];
/** A net under tests that hang; no test is about wall-clock time, and a machine may be busy. */
const testTimeout = 60_000;
/** Threads of their own, and a stage of their own. */
const stories = ["**/testing/sim/**/*.sim.test.ts"];

export default defineConfig({
  test: {
    passWithNoTests: false,
    // One worker less than processors by default, which leaves half of a small machine idle.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          // No test changes a module's state, so that modules are loaded once and not for each file.
          isolate: false,
          include: ["operator/**/*.test.ts", "hack/**/*.test.ts", "charts/**/*.test.ts"],
          exclude: [...slow, ...property, "**/tidy.test.ts", "node_modules/**"],
          testTimeout,
        },
      },
      {
        test: {
          name: "property",
          isolate: false,
          include: property,
          exclude: stories,
          testTimeout,
        },
      },
      { test: { name: "tidy", include: ["operator/src/tidy.test.ts"] } },
      // The real operator and agents in simulated clusters.
      { test: { name: "sim", include: stories, testTimeout: 600_000 } },
      // A real kube-apiserver and etcd: no kubelet, no containers.
      {
        test: {
          name: "apiserver",
          globalSetup: ["hack/builds/control-plane.ts"],
          include: ["operator/**/*.apiserver.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      // A real libvirtd and QEMU from the guest image, without a cluster.
      {
        test: {
          name: "libvirt",
          globalSetup: ["hack/builds/guest.ts"],
          include: ["operator/**/*.libvirt.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      // The same with a Debian inside: minutes without KVM.
      {
        test: {
          name: "debian",
          globalSetup: ["hack/builds/guest.ts"],
          include: ["operator/**/*.debian.test.ts"],
          testTimeout: 1_200_000,
        },
      },
      // The whole product on a real cluster.
      {
        test: {
          name: "e2e",
          globalSetup: ["e2e/framework/setup.ts"],
          include: ["e2e/suites/**/*.e2e.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
