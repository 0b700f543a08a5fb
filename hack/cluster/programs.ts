// SPDX-License-Identifier: Apache-2.0
/** Everything that the local cluster runs, from the cache or built now. */
import { join } from "node:path";
import { cached, hashOf } from "../cache.ts";
import { run } from "../exec.ts";
import { debianRootfs } from "../image/rootfs.ts";
import { digestOf } from "../manifest.ts";
import { programsOf } from "./build.ts";
import { cniPlugins, containerd, etcd, helm, kubernetes, runc } from "./components.ts";
import { pauseImage } from "./node-config.ts";
import { writeSingleFileImage } from "./pause-image.ts";

/** The file beside the pause program that has it as an OCI image. */
export const pauseArchive = "pause.tar";

/** What a node is made of: its root file system and the directories of its programs. */
export interface NodePrograms {
  readonly rootfs: string;
  readonly pause: string;
  readonly kubernetes: string;
  readonly containerd: string;
  readonly runc: string;
  readonly cniPlugins: string;
}

/** One after the other: a single build keeps every core busy. */
export async function nodePrograms(): Promise<NodePrograms> {
  return {
    kubernetes: await programsOf(kubernetes),
    containerd: await programsOf(containerd),
    runc: await programsOf(runc),
    cniPlugins: await programsOf(cniPlugins),
    pause: await pauseProgram(),
    rootfs: await debianRootfs({
      name: "node",
      packagesPath: "hack/cluster/node-packages.txt",
    }),
  };
}

export interface ControlPlanePrograms {
  readonly kubernetes: string;
  readonly etcd: string;
}

export async function controlPlanePrograms(): Promise<ControlPlanePrograms> {
  return { kubernetes: await programsOf(kubernetes), etcd: await programsOf(etcd) };
}

/** The clients of a cluster. */
export async function clientPath(name: "kubectl" | "helm"): Promise<string> {
  return join(await programsOf(name === "helm" ? helm : kubernetes), name);
}

/** The program and the image archive that holds nothing else. */
async function pauseProgram(): Promise<string> {
  const source = join(import.meta.dirname, "pause.c");
  const makers = [source, join(import.meta.dirname, "pause-image.ts")];
  const flags = ["-static", "-Os", "-s", "-Wall", "-Wextra", "-Werror"];
  const key = hashOf(flags, pauseImage, process.arch, await Promise.all(makers.map(digestOf)));
  return cached(`pause-${key}`, async (out) => {
    await run("gcc", [...flags, "-o", join(out, "pause"), source]);
    await writeSingleFileImage(join(out, pauseArchive), pauseImage, join(out, "pause"));
  });
}
