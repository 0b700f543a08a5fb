// SPDX-License-Identifier: Apache-2.0
/** Everything that the local cluster runs, from the cache or built now. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cached, hashOf } from "../cache.ts";
import { run } from "../exec.ts";
import { imageOf, layerOf } from "../image/oci.ts";
import type { BuiltImage } from "../image/oci.ts";
import { debianRootfs } from "../image/rootfs.ts";
import { digestOf } from "../manifest.ts";
import { programsOf } from "./build.ts";
import { cniPlugins, containerd, etcd, helm, kubernetes, multus, runc } from "./components.ts";

/** The program that holds namespaces open, for the node itself and as the image for its pods. */
export interface PauseProgram {
  readonly path: string;
  readonly image: BuiltImage;
}

/** What a node is made of: its root file system and the directories of its programs. */
export interface NodePrograms {
  readonly rootfs: string;
  readonly pause: PauseProgram;
  readonly kubernetes: string;
  readonly containerd: string;
  readonly runc: string;
  readonly cniPlugins: string;
  readonly multus: string;
}

/** One after the other: a single build keeps every core busy. */
export async function nodePrograms(): Promise<NodePrograms> {
  return {
    kubernetes: await programsOf(kubernetes),
    containerd: await programsOf(containerd),
    runc: await programsOf(runc),
    cniPlugins: await programsOf(cniPlugins),
    multus: await programsOf(multus),
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

async function pauseProgram(): Promise<PauseProgram> {
  const source = join(import.meta.dirname, "pause.c");
  const flags = ["-static", "-Os", "-s", "-Wall", "-Wextra", "-Werror"];
  const key = `pause-${hashOf(flags, process.arch, await digestOf(source))}`;
  const entry = await cached(key, async (out) => {
    await mkdir(join(out, "rootfs"));
    await run("gcc", [...flags, "-o", join(out, "rootfs", "pause"), source]);
  });
  const directory = join(entry, "rootfs");
  const image = await imageOf("kilonova.local/pause", [await layerOf(key, directory)], {
    Entrypoint: ["/pause"],
    Env: [],
    User: "65535:65535",
    WorkingDir: "/",
  });
  return { path: join(directory, "pause"), image };
}
