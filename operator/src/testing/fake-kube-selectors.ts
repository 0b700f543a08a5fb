// SPDX-License-Identifier: Apache-2.0
import { Refused } from "../ports/errors.ts";
import type { Selector } from "../ports/kube.ts";
import { isJson, type StoredObject } from "./fake-kube-object.ts";

export type Matcher = (object: StoredObject) => boolean;

/** Whether an object is selected. Throws Refused `BadRequest` for a selector that is malformed. */
export function matcherOf(selector: Selector, selectableFields: readonly string[]): Matcher {
  const { namespace, labelSelector, fieldSelector } = selector;
  const labels = requirementsOf(labelSelector).map(labelMatcher);
  const fields = requirementsOf(fieldSelector).map((text) => fieldMatcher(text, selectableFields));
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    labels.every((matches) => matches(object)) &&
    fields.every((matches) => matches(object));
}

/** Split at commas outside of parentheses. */
function requirementsOf(selector: string | undefined): string[] {
  if (selector === undefined || selector === "") return [];
  return selector.split(/,(?![^(]*\))/).map((requirement) => requirement.trim());
}

function labelMatcher(requirement: string): Matcher {
  const pattern =
    /^(?:(?<absent>!)\s*)?(?<key>[\w./-]+)(?:\s*(?<sign>==|=|!=)\s*(?<value>[\w.-]*)|\s+(?<set>in|notin)\s*\((?<values>[^)]*)\))?$/;
  const groups = pattern.exec(requirement)?.groups;
  if (groups === undefined) throw new Refused("BadRequest", `no label selector: ${requirement}`);
  const { absent, key = "", sign, value = "", set, values = "" } = groups;
  const isWanted = sign !== "!=" && set !== "notin" && absent === undefined;
  const named = set === undefined ? [value] : values.split(",").map((each) => each.trim());
  const isExistence = sign === undefined && set === undefined;
  return ({ metadata: { labels } }) => {
    const found = labels?.[key];
    const isHit = found !== undefined && (isExistence || named.includes(found));
    return isHit === isWanted;
  };
}

function fieldMatcher(requirement: string, selectableFields: readonly string[]): Matcher {
  const groups = /^(?<path>[\w.]+)\s*(?<sign>==|=|!=)\s*(?<value>.*)$/.exec(requirement)?.groups;
  const { path = "", sign, value } = groups ?? {};
  const isKnown = ["metadata.name", "metadata.namespace", ...selectableFields].includes(path);
  if (!isKnown) throw new Refused("BadRequest", `field label not supported: ${requirement}`);
  return (object) => (fieldText(object, path) === value) === (sign !== "!=");
}

/** An absent field is selected as the empty string. */
function fieldText(object: StoredObject, path: string): string {
  let value: unknown = object;
  for (const member of path.split(".")) value = isJson(value) ? value[member] : undefined;
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
