// SPDX-License-Identifier: Apache-2.0
import type { ChartObject } from "./chart-templates.ts";
import { type Identity, mastersGroup } from "./identities.ts";

/** What is asked of the API server, as its authorizer sees it. */
export interface Attributes {
  readonly verb: string;
  readonly group: string;
  /** The plural; a subresource stands apart. */
  readonly resource: string;
  readonly subresource?: string | undefined;
  /** Absent in the whole cluster. */
  readonly namespace?: string | undefined;
  /** Absent for collections, and for an object that is to be made. */
  readonly name?: string | undefined;
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Rules that a binding gives to subjects; in one namespace, or everywhere when it names none. */
interface Grant {
  readonly namespace: string | undefined;
  readonly subjects: readonly Subject[];
  readonly rules: readonly Rule[];
}

/** Kubernetes' role-based access control over a fixed set of roles and bindings. */
export class Rbac {
  readonly #grants: readonly Grant[];

  /** Objects of other kinds are left alone. Throws for a binding whose role is not among them. */
  constructor(objects: readonly ChartObject[]) {
    this.#grants = objects
      .filter(({ kind }) => kind === "RoleBinding" || kind === "ClusterRoleBinding")
      .map((binding) => grantOf(binding, objects));
  }

  allows(identity: Identity, attributes: Attributes): boolean {
    if (identity.groups?.includes(mastersGroup) === true) return true;
    return this.#grants.some(
      ({ namespace, subjects, rules }) =>
        (namespace === undefined || namespace === attributes.namespace) &&
        subjects.some((subject) => isMeant(subject, identity)) &&
        rules.some((rule) => covers(rule, attributes)),
    );
  }
}

/** The API server's words for what RBAC does not allow. */
export function rbacRefusal({ user }: Identity, attributes: Attributes): string {
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const whole = group === "" ? resource : `${resource}.${group}`;
  const object = name === undefined ? whole : `${whole} "${name}"`;
  const part = subresource === undefined ? resource : `${resource}/${subresource}`;
  const scope =
    namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return `${object} is forbidden: User "${user}" cannot ${verb} resource "${part}" in API group "${group}" ${scope}`;
}

function grantOf(binding: ChartObject, objects: readonly ChartObject[]): Grant {
  const { kind, metadata } = binding;
  const reference = binding["roleRef"] as { readonly kind: string; readonly name: string };
  const role = objects.find(
    (object) =>
      object.kind === reference.kind &&
      object.metadata.name === reference.name &&
      (reference.kind === "ClusterRole" || object.metadata.namespace === metadata.namespace),
  );
  if (role === undefined) throw new Error(`${kind} ${metadata.name}: no ${reference.name}`);
  return {
    namespace: kind === "RoleBinding" ? metadata.namespace : undefined,
    subjects: binding["subjects"] as readonly Subject[],
    rules: role["rules"] as readonly Rule[],
  };
}

function isMeant({ kind, name, namespace }: Subject, { user, groups = [] }: Identity): boolean {
  if (kind === "Group") return groups.includes(name);
  return user === (kind === "ServiceAccount" ? `system:serviceaccount:${namespace}:${name}` : name);
}

function covers({ apiGroups, resources, verbs }: Rule, attributes: Attributes): boolean {
  const { verb, group, resource, subresource } = attributes;
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  return (
    includes(verbs, verb) &&
    includes(apiGroups, group) &&
    (includes(resources, whole) || resources.includes(`*/${subresource}`))
  );
}

function includes(names: readonly string[], name: string): boolean {
  return names.includes("*") || names.includes(name);
}
