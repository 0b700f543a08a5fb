// SPDX-License-Identifier: Apache-2.0
/** Every generated file of the repository, as it shall be. */
import { stringify } from "yaml";
import type { KindDefinition } from "../../operator/src/api/define-kind.ts";
import { kinds } from "../../operator/src/api/kinds.ts";
import { customResourceDefinition } from "./crd.ts";
import { rbacObjects } from "./rbac.ts";
import { referencePages } from "./reference.ts";
import { valuesJsonSchema, valuesYaml } from "./values.ts";

/** Folders in which there is nothing but generated files. */
export const generatedFolders = [
  "crds",
  "charts/kilonova/templates/crds",
  "charts/kilonova/templates/rbac",
  "docs/reference",
] as const;

const header = "# SPDX-License-Identifier: Apache-2.0\n# Made by `npm run gen`; do not edit.\n";
const keep = { "helm.sh/resource-policy": "keep" };

/** The texts by their paths in the repository. Throws for what cannot be generated. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const chart = "charts/kilonova";
  const files = new Map<string, string>();
  for (const definition of Object.values<KindDefinition>(kinds)) {
    const crd = customResourceDefinition(definition);
    files.set(`crds/${definition.plural}.yaml`, header + yaml(crd));
    files.set(`${chart}/templates/crds/${definition.plural}.yaml`, header + chartCrd(crd));
  }
  for (const [name, objects] of Object.entries(rbacObjects())) {
    files.set(`${chart}/templates/rbac/${name}.yaml`, header + objects.map(yaml).join("---\n"));
  }
  files.set(`${chart}/values.yaml`, `${header}${valuesYaml()}\n`);
  files.set(`${chart}/values.schema.json`, `${JSON.stringify(valuesJsonSchema(), undefined, 2)}\n`);
  for (const [name, text] of Object.entries(referencePages())) {
    files.set(`docs/reference/${name}`, text);
  }
  return files;
}

/** A CRD as a template: installed on demand, and kept with its objects when the release is removed. */
function chartCrd(crd: { readonly metadata: object }): string {
  const text = yaml({ ...crd, metadata: { ...crd.metadata, annotations: keep } });
  if (text.includes("{{")) throw new Error("helm would take a part of the CRD for a template");
  return `{{- if .Values.crds.install }}\n${text}{{- end }}\n`;
}

/** Kubernetes reads YAML 1.1, where a plain Off is a boolean. */
function yaml(value: object): string {
  return stringify(value, { version: "1.1", lineWidth: 100, aliasDuplicateObjects: false });
}
