// SPDX-License-Identifier: Apache-2.0
import { Refused } from "../../ports/errors.ts";
import { AdmissionPolicies, type AdmissionRequest } from "./admission-policies.ts";
import { chartAccessObjects, type ChartObject } from "./chart-templates.ts";
import { type Identity, tenantNamespace, tenantRights, who } from "./identities.ts";
import { type Attributes, Rbac, rbacRefusal } from "./rbac.ts";

/** One client's rights: stands before each of its calls, and behind each of its writes. */
export interface Gate {
  readonly identity: Identity;
  /** Throws Refused `Forbidden`. */
  authorize(attributes: Attributes): void;
  /** Throws Refused with the reason of the policy. */
  admit(request: AdmissionRequest): void;
}

/** The rights of everybody: RBAC and admission policies. */
export class Access {
  readonly #rbac: Rbac;
  readonly #policies: AdmissionPolicies;

  constructor(objects: readonly ChartObject[]) {
    this.#rbac = new Rbac(objects);
    this.#policies = new AdmissionPolicies(objects, this.#rbac);
  }

  gateOf(identity: Identity): Gate {
    return {
      identity,
      authorize: (attributes) => {
        if (this.#rbac.allows(identity, attributes)) return;
        throw new Refused("Forbidden", rbacRefusal(identity, attributes));
      },
      admit: (request) => this.#policies.admit(request, identity),
    };
  }
}

/**
 * The rights that the installed chart gives, those of Kubernetes' own controllers, and every right in
 * their namespaces for tenants.
 */
export function chartAccess(tenantNamespaces: readonly string[] = [tenantNamespace]): Access {
  return new Access([
    ...chartAccessObjects(),
    ...controllerRights,
    ...tenantNamespaces.flatMap(tenantRights),
  ]);
}

/** What the API server's bootstrap policy gives to controllers, as far as the product meets them. */
const controllerRights: readonly ChartObject[] = [
  ...controller(who.garbageCollector, ["*"], ["get", "list", "watch", "patch", "update", "delete"]),
  ...controller(who.namespaceController, ["*"], ["get", "list", "delete", "deletecollection"]),
  ...controller(who.replicaSetController, ["pods"], ["create", "delete", "list", "patch", "watch"]),
];

function controller(
  { user }: Identity,
  resources: readonly string[],
  verbs: readonly string[],
): ChartObject[] {
  const metadata = { name: user };
  const apiGroups = resources.includes("*") ? ["*"] : [""];
  return [
    { kind: "ClusterRole", metadata, rules: [{ apiGroups, resources, verbs }] },
    {
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { kind: "ClusterRole", name: user },
      subjects: [{ kind: "User", name: user }],
    },
  ];
}
