// SPDX-License-Identifier: Apache-2.0
/** The chart's RBAC objects, from the table of rights. */
import {
  type Place,
  type ProcessRights,
  processRights,
  type Right,
  type Role,
  roles,
} from "../../operator/src/api/rights.ts";

const apiVersion = "rbac.authorization.k8s.io/v1";
const apiGroup = "rbac.authorization.k8s.io";
const releaseNamespace = "{{ .Release.Namespace }}";
const namespaces: Readonly<Record<Place, string>> = {
  release: releaseNamespace,
  heartbeats: "{{ .Values.heartbeatNamespace }}",
};

/** One list of objects for each file of the chart's `templates/rbac`, by the file's name. */
export function rbacObjects(): Readonly<Record<string, readonly object[]>> {
  const processes = Object.entries(processRights).map(
    ([name, rights]) => [name, processObjects(`kilonova-${name}`, rights)] as const,
  );
  const people = Object.entries(roles).map(([name, role]) => roleObject(`kilonova-${name}`, role));
  return { ...Object.fromEntries(processes), roles: people };
}

function processObjects(name: string, rights: ProcessRights): object[] {
  const within = Object.entries(rights.within) as [Place, readonly Right[]][];
  return [
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name, namespace: releaseNamespace },
      // Each pod asks for its token itself, so that one that does not gets none.
      automountServiceAccountToken: false,
    },
    {
      apiVersion,
      kind: "ClusterRole",
      metadata: { name },
      rules: rights.everywhere.map(ruleOf),
    },
    {
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup, kind: "ClusterRole", name },
      subjects: [subjectOf(name)],
    },
    ...within.flatMap(([place, local]) => {
      const metadata = { name: `${name}-${place}`, namespace: namespaces[place] };
      return [
        { apiVersion, kind: "Role", metadata, rules: local.map(ruleOf) },
        {
          apiVersion,
          kind: "RoleBinding",
          metadata,
          roleRef: { apiGroup, kind: "Role", name: metadata.name },
          subjects: [subjectOf(name)],
        },
      ];
    }),
  ];
}

function roleObject(name: string, { aggregateTo, rights }: Role): object {
  const labels =
    aggregateTo === undefined
      ? {}
      : { labels: { [`rbac.authorization.k8s.io/aggregate-to-${aggregateTo}`]: "true" } };
  return {
    apiVersion,
    kind: "ClusterRole",
    metadata: { name, ...labels },
    rules: rights.map(ruleOf),
  };
}

function ruleOf({ group, resources, verbs }: Right): object {
  return { apiGroups: [group], resources, verbs };
}

function subjectOf(name: string): object {
  return { kind: "ServiceAccount", name, namespace: releaseNamespace };
}
