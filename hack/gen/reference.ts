// SPDX-License-Identifier: Apache-2.0
/** The reference pages, from the declarations that the product itself runs on. */
import { z } from "zod";
import { conditionTypes, reasons } from "../../operator/src/api/conditions.ts";
import { apiVersion, type KindDefinition } from "../../operator/src/api/define-kind.ts";
import { kinds } from "../../operator/src/api/kinds.ts";
import {
  type ProcessRights,
  processRights,
  type Right,
  roles,
} from "../../operator/src/api/rights.ts";
import { operatorConfigSchema } from "../../operator/src/controllers/config.ts";
import { filters } from "../../operator/src/core/scheduler/filters/index.ts";
import { weighers } from "../../operator/src/core/scheduler/weighers/index.ts";
import { schedulerSettingsSchema } from "../../operator/src/core/scheduler/settings-schema.ts";
import { agentConfigSchema, describeConfig } from "../../operator/src/platform/config.ts";
import { objectSchema } from "./crd.ts";
import type { StructuralSchema } from "./structural-schema.ts";

/** Every page, by its file name. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    "kinds.md": kindsPage(),
    "conditions.md": conditionsPage(),
    "rights.md": rightsPage(),
    "configuration.md": configurationPage(),
    "scheduler.md": schedulerPage(),
  };
}

function kindsPage(): string {
  return page(
    "Kinds",
    `All kinds are of \`${apiVersion}\`.`,
    ...Object.values<KindDefinition>(kinds).map(kindSection),
  );
}

function kindSection(definition: KindDefinition): string {
  const { kind, scope, plural, shortNames, rules, selectableFields } = definition;
  const names = [plural, ...shortNames].map(code).join(", ");
  const { spec, status } = objectSchema(definition).properties ?? {};
  return paragraphs(
    `## ${kind}`,
    definition.description,
    `${scope === "Cluster" ? "Cluster-scoped" : "In a namespace"}; \`kubectl get\` knows it as ${names}.`,
    selectableFields.length > 0 &&
      `\`--field-selector\` takes ${selectableFields.map((path) => code(path.slice(1))).join(", ")}.`,
    table(["spec", "type", "what"], fieldRows(spec)),
    rules.length > 0 && `Rules:\n\n${rules.map(({ message }) => `- ${message}`).join("\n")}`,
    table(["status", "type", "what"], fieldRows(status)),
  );
}

/** One row for each field, those of nested objects, lists and maps below their own. */
function fieldRows(schema: StructuralSchema | undefined, prefix = ""): string[][] {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const isRequired = schema?.required?.includes(name) === true;
    const row = [code(path), typeText(field, isRequired), field.description ?? ""];
    return [row, ...innerRows(field, path)];
  });
}

function innerRows(field: StructuralSchema, path: string): string[][] {
  if (field.items !== undefined) return fieldRows(field.items, `${path}[].`);
  if (field.additionalProperties !== undefined) {
    return fieldRows(field.additionalProperties, `${path}.*.`);
  }
  return fieldRows(field, `${path}.`);
}

function typeText(field: StructuralSchema, isRequired: boolean): string {
  return [
    field.enum?.join(" \\| ") ?? nameOfType(field),
    boundsText(field),
    isRequired ? "required" : "",
    field.default === undefined
      ? ""
      : `default ${JSON.stringify(field.default).replaceAll('"', "")}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

function nameOfType({ type, items, additionalProperties }: StructuralSchema): string {
  if (items !== undefined) return `list of ${items.type}s`;
  if (additionalProperties !== undefined) return `map of ${additionalProperties.type}s`;
  return type;
}

function boundsText(field: StructuralSchema): string {
  const { minimum, maximum, minLength, maxLength, maxItems, maxProperties } = field;
  if (maximum !== undefined) return `${minimum} to ${maximum}`;
  if (maxLength !== undefined) {
    return minLength === maxLength
      ? `${maxLength} characters`
      : `${minLength ?? 0} to ${maxLength} characters`;
  }
  const max = maxItems ?? maxProperties;
  return max === undefined ? "" : `at most ${max}`;
}

function conditionsPage(): string {
  return page(
    "Conditions and reasons",
    "Every condition has a status, a reason and a message. The reason is one of those below.",
    table(["condition", "what it says when True"], rowsOf(conditionTypes)),
    table(["reason", "meaning and cure"], rowsOf(reasons)),
  );
}

function rightsPage(): string {
  const people = Object.entries(roles).map(([name, { description, aggregateTo, rights }]) =>
    paragraphs(
      `## ClusterRole \`kilonova-${name}\``,
      aggregateTo === undefined
        ? description
        : `${description} Whoever has the built-in role \`${aggregateTo}\` has these rights too.`,
      rightsTable(rights),
    ),
  );
  return page(
    "Rights",
    "What the chart's RBAC grants. Its admission policies narrow it further: an agent writes only what belongs to its node, and nobody but the operator writes Guests, server pods and statuses.",
    ...Object.entries(processRights).map(([name, rights]) => processSection(name, rights)),
    ...people,
  );
}

function processSection(name: string, { everywhere, within }: ProcessRights): string {
  const local = Object.entries(within).map(([place, rights]) =>
    paragraphs(`In the namespace of the ${place}:`, rightsTable(rights)),
  );
  return paragraphs(`## Service account \`kilonova-${name}\``, rightsTable(everywhere), ...local);
}

function rightsTable(rights: readonly Right[]): string {
  const rows = rights.map(({ group, resources, verbs, purpose }) => [
    resources.map((resource) => code(group === "" ? resource : `${resource}.${group}`)).join(", "),
    verbs.join(", "),
    purpose,
  ]);
  return table(["resources", "verbs", "to"], rows);
}

function configurationPage(): string {
  const schemas = { operator: operatorConfigSchema, agent: agentConfigSchema };
  return page(
    "Configuration",
    "Both processes are configured by environment variables, which the chart sets from its values.",
    ...Object.entries(schemas).map(([name, schema]) => {
      const rows = describeConfig(schema).map((one) => [
        code(one.variable),
        one.isRequired ? "required" : (one.default ?? ""),
        one.description,
      ]);
      return paragraphs(`## ${name}`, table(["variable", "default", "what"], rows));
    }),
  );
}

function schedulerPage(): string {
  const settings = z.toJSONSchema(schedulerSettingsSchema).properties ?? {};
  return page(
    "Scheduler",
    "A server goes to the host with the highest sum of weights among those that pass every filter. `status.decision` of a Server says how many hosts each cause excluded, and what weights the chosen one got.",
    "## Settings",
    "Members of the chart's value `scheduler`, or of the variable `KILONOVA_SCHEDULER`.",
    table(["setting", "what"], describedRows(settings)),
    "## Filters",
    "In the order in which a host has to pass; the first that it fails names the cause.",
    table(
      ["filter", "what passes", "stands for, in Nova", "differs"],
      filters.map(({ name, about, source, differs = "" }) => [code(name), about, source, differs]),
    ),
    "## Weighers",
    "Each gives a host between 0 and its multiplier. `multipliers` of the settings changes it, and for the hosts of an aggregate its metadata does.",
    table(
      ["weigher", "what counts", "multiplier", "metadata of aggregates", "Nova's", "differs"],
      weighers.map((one) => [
        code(one.name),
        one.about,
        String(one.defaultMultiplier),
        code(one.multiplierKey),
        one.source === "none" ? "" : one.source,
        one.source === "none" ? "not in Nova" : (one.differs ?? ""),
      ]),
    ),
  );
}

function describedRows(properties: Readonly<Record<string, unknown>>): string[][] {
  return Object.entries(properties).map(([name, property]) => {
    const { description = "" } = property as z.core.JSONSchema.JSONSchema;
    return [code(name), description];
  });
}

function page(title: string, ...parts: readonly string[]): string {
  const origin = "<!-- Made by `npm run gen`; do not edit. -->";
  return `${paragraphs(`# ${title}`, origin, ...parts)}\n`;
}

function paragraphs(...parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false).join("\n\n");
}

function rowsOf(entries: Readonly<Record<string, string>>): string[][] {
  return Object.entries(entries).map(([name, meaning]) => [code(name), meaning]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}
