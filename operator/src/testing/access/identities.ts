// SPDX-License-Identifier: Apache-2.0
/** Who asks the API server, as it sees them after authentication; the same for a real one and the fake. */

export interface Identity {
  readonly user: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, string>>;
}

/** The namespaces of the installation. */
export const systemNamespace = "kilonova-system";
export const heartbeatNamespace = "kilonova-heartbeats";
/** The tenants' namespace, held to PodSecurity restricted. */
export const tenantNamespace = "team";

/** Whoever is in it may do everything that no admission policy forbids. */
export const mastersGroup = "system:masters";

const node = (name: string) => ({ "authentication.kubernetes.io/node-name": name });

/** All but those of {@link mastersGroup} have only what RBAC gives them. */
export const who = {
  administrator: { user: "administrator", groups: [mastersGroup] },
  /** Has every right in the tenants' namespace, and none elsewhere. */
  tenant: { user: "tenant", groups: ["system:authenticated"] },
  operator: serviceAccount(systemNamespace, "kilonova-operator"),
  agentOf: (name: string): Identity => ({
    ...serviceAccount(systemNamespace, "kilonova-agent"),
    extra: node(name),
  }),
  /** The agent's account with a token that is bound to no pod, or taken from elsewhere. */
  agentOfNowhere: serviceAccount(systemNamespace, "kilonova-agent"),
  /** A tenant's own service account, whose token names a node as every token of a pod does. */
  tenantPodOn: (name: string): Identity => ({
    ...serviceAccount(tenantNamespace, "default"),
    extra: node(name),
  }),
  garbageCollector: serviceAccount("kube-system", "generic-garbage-collector"),
  namespaceController: serviceAccount("kube-system", "namespace-controller"),
  replicaSetController: serviceAccount("kube-system", "replicaset-controller"),
  scheduler: { user: "system:kube-scheduler", groups: [mastersGroup] },
  /** Their rights come from the node authorizer, which is not on here. */
  kubeletOf: (name: string): Identity => ({ user: `system:node:${name}`, groups: [mastersGroup] }),
} as const;

function serviceAccount(namespace: string, name: string): Identity {
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: [
      "system:serviceaccounts",
      `system:serviceaccounts:${namespace}`,
      "system:authenticated",
    ],
  };
}

const apiGroup = "rbac.authorization.k8s.io";
const apiVersion = `${apiGroup}/v1`;

/** RBAC objects that give {@link who}'s tenant, and his service account, every right in a namespace. */
export function tenantRights(namespace: string) {
  const metadata = { name: "everything", namespace };
  return [
    {
      apiVersion,
      kind: "Role",
      metadata,
      rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
    },
    {
      apiVersion,
      kind: "RoleBinding",
      metadata,
      subjects: [
        { apiGroup, kind: "User", name: who.tenant.user },
        { kind: "ServiceAccount", name: "default", namespace },
      ],
      roleRef: { apiGroup, kind: "Role", name: metadata.name },
    },
  ];
}
