// SPDX-License-Identifier: Apache-2.0
/** The chart's RBAC and admission policies as they are installed, without helm. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { heartbeatNamespace, systemNamespace } from "./identities.ts";
import type { Json } from "../fake-kube-object.ts";

const templates = join(import.meta.dirname, "../../../../charts/kilonova/templates");

/** An object of the API server. */
export interface ChartObject extends Json {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/**
 * The objects of the chart's folders `rbac` and `policies`. `access.apiserver.test.ts` holds them equal
 * to what helm renders. Throws for what it does not understand of helm's language.
 */
export function chartAccessObjects(): ChartObject[] {
  const partials = partialsOf(readFileSync(join(templates, "policies/_policies.tpl"), "utf8"));
  return ["rbac", "policies"].flatMap((folder) =>
    readdirSync(join(templates, folder))
      .filter((name) => name.endsWith(".yaml"))
      .flatMap((name) => {
        const text = readFileSync(join(templates, folder, name), "utf8");
        return parseAllDocuments(rendered(text, partials))
          .map((document) => document.toJS() as ChartObject | null)
          .filter((object) => object !== null);
      }),
  );
}

type Partials = ReadonlyMap<string, string>;

function partialsOf(text: string): Partials {
  const definition = /\{\{- define "(?<name>[^"]+)" -\}\}\n(?<body>[\s\S]*?)\n\{\{- end \}\}/g;
  return new Map(
    [...text.matchAll(definition)].map(({ groups }) => [
      groups?.["name"] ?? "",
      groups?.["body"] ?? "",
    ]),
  );
}

const values: Readonly<Record<string, string>> = {
  ".Release.Namespace": systemNamespace,
  ".Values.heartbeatNamespace": heartbeatNamespace,
};
const inclusion =
  /\s*\{\{-? include "(?<name>[^"]+)" (?:\.|"(?<argument>[^"]+)")(?: \| nindent (?<indent>\d+))? \}\}/g;

function rendered(text: string, partials: Partials): string {
  const included = text.replace(inclusion, (_, name: string, argument?: string, indent = "0") => {
    const body = partials.get(name);
    if (body === undefined) throw new Error(`the chart's policies include an unknown ${name}`);
    const lines = body.replaceAll("{{ . }}", argument ?? "{{ . }}").split("\n");
    return `\n${lines.map((line) => " ".repeat(Number(indent)) + line).join("\n")}`;
  });
  return included.replace(/\{\{-?\s*(.*?)\s*-?\}\}/g, (action, path: string) => {
    const value = values[path];
    if (value === undefined) throw new Error(`the fake API server cannot render ${action}`);
    return value;
  });
}
