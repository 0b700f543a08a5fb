// SPDX-License-Identifier: Apache-2.0
/** The chart as helm renders it, without a cluster. */
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { clientPath } from "./cluster/programs.ts";
import { run } from "./exec.ts";

const chart = join(import.meta.dirname, "../charts/kilonova");
/** What helm is told that it would ask a cluster. */
const kubeVersion = "1.36.3";

/** An object of the rendered chart. */
export interface ChartObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly [member: string]: any;
}

/** Renders the chart with these values, by their dotted paths. Throws what helm says against them. */
export async function renderChart(
  namespace: string,
  values: Readonly<Record<string, unknown>>,
): Promise<ChartObject[]> {
  const { stdout } = await run(await clientPath("helm"), [
    ...["template", "kilonova", chart, "--namespace", namespace, "--kube-version", kubeVersion],
    ...setArguments(values),
  ]);
  // A template that renders to nothing leaves a document with nothing but comments.
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as ChartObject | null)
    .filter((object) => object !== null);
}

/** What helm's own linter says. Throws when it is not content. */
export async function lintChart(values: Readonly<Record<string, unknown>>): Promise<string> {
  const helm = await clientPath("helm");
  const { stdout } = await run(helm, ["lint", "--strict", chart, ...setArguments(values)]);
  return stdout;
}

function setArguments(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).flatMap(([path, value]) => [
    "--set-json",
    `${path}=${JSON.stringify(value)}`,
  ]);
}
