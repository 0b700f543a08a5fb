// SPDX-License-Identifier: Apache-2.0
/** The stages of `npm test`, cheapest first, so that a slip of the pen is told before a cluster starts. */
interface StageCommon {
  readonly name: string;
  readonly title: string;
  /** Runs only when it is named. */
  readonly isOptional?: true;
}

export type Stage = StageCommon &
  (
    | { readonly command: readonly string[] }
    | { readonly project: string; readonly files?: readonly string[] }
  );

export const stages: readonly Stage[] = [
  { name: "format", title: "format (biome)", command: ["biome", "format", "."] },
  {
    name: "lint",
    title: "lint (oxlint, type-aware)",
    command: ["oxlint", "--type-aware", "--deny-warnings"],
  },
  { name: "types", title: "types (tsc)", command: ["tsc"] },
  { name: "unused", title: "unused files, exports and packages (knip)", command: ["knip"] },
  {
    name: "generated",
    title: "generated files are fresh",
    command: ["node", "hack/gen/main.ts", "--check"],
  },
  { name: "tidy", title: "the house rules", project: "tidy" },
  { name: "unit", title: "unit tests", project: "unit" },
  { name: "property", title: "property tests and worlds of fakes", project: "property" },
  { name: "sim", title: "stories of the simulator", project: "sim" },
  {
    name: "build",
    title: "build what the rest needs, or find it in the cache",
    command: ["node", "hack/builds/main.ts"],
  },
  {
    name: "apiserver",
    title: "tests against a real kube-apiserver",
    project: "apiserver",
  },
  { name: "libvirt", title: "tests against a real libvirt and the kernel", project: "libvirt" },
  {
    name: "e2e",
    title: "end-to-end smoke on a real cluster",
    project: "e2e",
    files: ["e2e/suites/smoke"],
  },
  {
    name: "debian",
    title: "a Debian acts on its config drive",
    project: "debian",
    isOptional: true,
  },
  {
    name: "e2e-full",
    title: "every end-to-end suite on a real cluster",
    project: "e2e",
    isOptional: true,
  },
];
