// SPDX-License-Identifier: Apache-2.0
import { Environment, type ParseResult } from "@marcbachmann/cel-js";
import { isEqual } from "../../api/equal.ts";
import { Refused } from "../../ports/errors.ts";
import type { Json } from "../fake-kube-object.ts";
import type { ChartObject } from "./chart-templates.ts";
import type { Identity } from "./identities.ts";
import type { Attributes, Rbac } from "./rbac.ts";

/** One write as admission sees it, after authorization and validation, before it is stored. */
export interface AdmissionRequest extends Attributes {
  readonly version: string;
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  /** Absent when it is deleted. */
  readonly object: Json | undefined;
  /** Absent when it is created. */
  readonly oldObject: Json | undefined;
}

type Refusals = (request: AdmissionRequest, identity: Identity) => Refused | undefined;

/**
 * The ValidatingAdmissionPolicies among the objects, evaluated from their own expressions. Understands
 * what the chart uses: bindings that deny everywhere, resource rules, a namespace selector by name.
 * Throws for what it does not understand, rather than to let through what a real API server refuses.
 */
export class AdmissionPolicies {
  readonly #policies: readonly Refusals[];

  constructor(objects: readonly ChartObject[], rbac: Rbac) {
    this.#policies = objects
      .filter(({ kind }) => kind === "ValidatingAdmissionPolicy")
      .map((policy) => refusalsOf(policy, bindingOf(policy, objects), rbac));
  }

  /** Throws Refused, with the reason and the words of the first policy that denies. */
  admit(request: AdmissionRequest, identity: Identity): void {
    for (const refusalOf of this.#policies) {
      const refusal = refusalOf(request, identity);
      if (refusal !== undefined) throw refusal;
    }
  }
}

interface ResourceRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly operations: readonly string[];
}

interface PolicySpec {
  readonly failurePolicy: string;
  readonly matchConstraints: {
    readonly resourceRules: readonly ResourceRule[];
    readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
  };
  readonly matchConditions?: readonly { readonly expression: string }[];
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
  readonly validations: readonly {
    readonly expression: string;
    readonly message?: string;
    readonly messageExpression?: string;
    readonly reason: string;
  }[];
}

function bindingOf({ metadata }: ChartObject, objects: readonly ChartObject[]): string {
  const binding = objects.find(
    ({ kind, spec }) =>
      kind === "ValidatingAdmissionPolicyBinding" &&
      isEqual(spec, { policyName: metadata.name, validationActions: ["Deny"] }),
  );
  if (binding === undefined) throw new Error(`${metadata.name}: no binding that denies everywhere`);
  return binding.metadata.name;
}

function refusalsOf(policy: ChartObject, binding: string, rbac: Rbac): Refusals {
  const { name } = policy.metadata;
  const spec = policy["spec"] as PolicySpec;
  if (spec.failurePolicy !== "Fail") throw new Error(`${name}: failurePolicy is not Fail`);
  const isSelected = selectorOf(name, spec);
  const conditions = (spec.matchConditions ?? []).map(({ expression }) => compiled(expression));
  const variables = (spec.variables ?? []).map((one) => ({
    ...one,
    compiled: compiled(one.expression),
  }));
  const validations = spec.validations.map((one) => ({
    ...one,
    holds: compiled(one.expression),
    says: one.messageExpression === undefined ? undefined : compiled(one.messageExpression),
  }));
  return (request, identity) => {
    if (!isSelected(request)) return undefined;
    const scope = scopeOf(request, identity, { rbac, variables });
    const refuse = (reason: string, message: string): Refused => {
      const policyAndBinding = `ValidatingAdmissionPolicy '${name}' with binding '${binding}'`;
      const object = `${request.resource}.${request.group} "${request.name ?? ""}"`;
      return new Refused(
        reason,
        `${object} is forbidden: ${policyAndBinding} denied request: ${message}`,
      );
    };
    try {
      if (!conditions.every((holds) => holds(scope) === true)) return undefined;
      const broken = validations.find(({ holds }) => holds(scope) !== true);
      if (broken === undefined) return undefined;
      return refuse(broken.reason, String(broken.says?.(scope) ?? broken.message));
    } catch (error) {
      // A policy that cannot be evaluated denies: that is what failurePolicy Fail says.
      return refuse("Invalid", String(error));
    }
  };
}

function selectorOf(
  name: string,
  { matchConstraints: { resourceRules, namespaceSelector } }: PolicySpec,
): (request: AdmissionRequest) => boolean {
  const labels = namespaceSelector?.matchLabels ?? {};
  const { "kubernetes.io/metadata.name": namespace, ...others } = labels;
  if (Object.keys(others).length > 0) throw new Error(`${name}: selects namespaces by labels`);
  return (request) =>
    (namespace === undefined || namespace === request.namespace) &&
    resourceRules.some(
      ({ apiGroups, resources, operations }) =>
        (apiGroups.includes("*") || apiGroups.includes(request.group)) &&
        (operations.includes("*") || operations.includes(request.operation)) &&
        resources.some((pattern) => isResource(pattern, request)),
    );
}

function isResource(pattern: string, { resource, subresource }: AdmissionRequest): boolean {
  const [wanted, part] = pattern.split("/");
  return (wanted === "*" || wanted === resource) && part === subresource;
}

/** What expressions can name. */
interface Scope {
  readonly object: unknown;
  readonly oldObject: unknown;
  readonly request: unknown;
  readonly authorizer: Authorizer;
  readonly variables: unknown;
}

function scopeOf(
  request: AdmissionRequest,
  identity: Identity,
  policy: {
    readonly rbac: Rbac;
    readonly variables: readonly { readonly name: string; readonly compiled: ParseResult }[];
  },
): Scope {
  const { group, version, resource, subresource, namespace, name, operation } = request;
  const { user, groups = [], extra = {} } = identity;
  const variables = {};
  const scope: Scope = {
    object: request.object ?? null,
    oldObject: request.oldObject ?? null,
    request: {
      ...{ operation, name: name ?? "", namespace: namespace ?? "" },
      resource: { group, version, resource },
      ...(subresource !== undefined && { subResource: subresource }),
      userInfo: {
        username: user,
        groups,
        extra: Object.fromEntries(Object.entries(extra).map(([key, value]) => [key, [value]])),
      },
    },
    authorizer: new Authorizer((asked) => policy.rbac.allows(identity, asked)),
    variables,
  };
  // A variable is evaluated when an expression needs it, and then once.
  for (const { name: variable, compiled: evaluate } of policy.variables) {
    Object.defineProperty(variables, variable, {
      enumerable: true,
      configurable: true,
      get() {
        const value: unknown = evaluate(scope);
        Object.defineProperty(variables, variable, { value });
        return value;
      },
    });
  }
  return scope;
}

/** Kubernetes' `authorizer` as far as the chart asks it: about resources of the whole cluster. */
class Authorizer {
  readonly #allows: (attributes: Attributes) => boolean;
  readonly #asked: Attributes;

  constructor(
    allows: (attributes: Attributes) => boolean,
    asked: Attributes = { verb: "", group: "", resource: "" },
  ) {
    this.#allows = allows;
    this.#asked = asked;
  }

  about(asked: Partial<Attributes>): Authorizer {
    return new Authorizer(this.#allows, { ...this.#asked, ...asked });
  }

  get isAllowed(): boolean {
    return this.#allows(this.#asked);
  }
}

const environment = new Environment({
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
})
  .registerVariable("object", "dyn")
  .registerVariable("oldObject", "dyn")
  .registerVariable("request", "dyn")
  .registerVariable("variables", "dyn")
  .registerType("Authorizer", { ctor: Authorizer, fields: {} })
  .registerVariable("authorizer", "Authorizer")
  .registerFunction("Authorizer.group(string): Authorizer", (to: Authorizer, group: string) =>
    to.about({ group }),
  )
  .registerFunction("Authorizer.resource(string): Authorizer", (to: Authorizer, resource: string) =>
    to.about({ resource }),
  )
  .registerFunction(
    "Authorizer.subresource(string): Authorizer",
    (to: Authorizer, subresource: string) => to.about({ subresource }),
  )
  .registerFunction("Authorizer.check(string): Authorizer", (to: Authorizer, verb: string) =>
    to.about({ verb }),
  )
  .registerFunction("Authorizer.allowed(): bool", (to: Authorizer) => to.isAllowed)
  // Kubernetes' CEL compares optionals by what they hold; the library has no such operator.
  .registerOperator("optional == optional", (one: Held, other: Held) =>
    isEqual(one.orValue(undefined), other.orValue(undefined)),
  );

interface Held {
  orValue(otherwise: undefined): unknown;
}

function compiled(expression: string): ParseResult {
  return environment.parse(expression);
}
