// SPDX-License-Identifier: Apache-2.0
/** Installs the chart into a cluster with helm, as a user would. Shared by the demo and the e2e tests. */
import { join } from "node:path";
import type { Cluster } from "./cluster/cluster.ts";
import { run } from "./exec.ts";

export const systemNamespace = "kilonova-system";
const chart = join(import.meta.dirname, "../charts/kilonova");
const timeoutSeconds = 180;

export interface Release {
  /** References of the product image and of the guest image. */
  readonly product: string;
  readonly guest: string;
  /** More `--set-json` values, by their dotted path. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** Installs or upgrades the release and waits until operator and agents are ready. */
export async function deploy(cluster: Cluster, release: Release): Promise<void> {
  await labelledNamespace(cluster);
  const values = {
    "image.product": release.product,
    "image.guest": release.guest,
    ...release.values,
  };
  const sets = Object.entries(values).flatMap(([path, value]) => [
    "--set-json",
    `${path}=${JSON.stringify(value)}`,
  ]);
  await runHelm(cluster, [
    ...["upgrade", "--install", "kilonova", chart, "--namespace", systemNamespace],
    ...["--wait", "--timeout", `${timeoutSeconds}s`, ...sets],
  ]);
}

/** Removes the release. Throws with helm's words while Servers exist. */
export async function undeploy(cluster: Cluster): Promise<void> {
  await runHelm(cluster, [
    ...["uninstall", "kilonova", "--namespace", systemNamespace],
    ...["--wait", "--timeout", `${timeoutSeconds}s`],
  ]);
}

/** The agent is privileged, so its namespace must allow that; helm cannot label a namespace itself. */
async function labelledNamespace(cluster: Cluster): Promise<void> {
  const namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: systemNamespace,
      labels: { "pod-security.kubernetes.io/enforce": "privileged" },
    },
  };
  await cluster.kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(namespace) });
}

async function runHelm(cluster: Cluster, args: readonly string[]): Promise<void> {
  const { path, env } = await cluster.client("helm");
  await run(path, args, {
    env,
    timeoutSeconds: timeoutSeconds + 30,
  });
}
