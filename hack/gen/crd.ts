// SPDX-License-Identifier: Apache-2.0
/** A kind as the API server is told of it. */
import { group, type KindDefinition, version } from "../../operator/src/api/define-kind.ts";
import { fieldSchema, type StructuralSchema } from "./structural-schema.ts";

const specDescription = "What is asked for.";
const statusDescription = "What is so, as it was last seen. Written by Kilonova alone.";

interface CustomResourceDefinition {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

/** The CustomResourceDefinition of a kind. Throws SchemaRefused for a schema that it cannot say. */
export function customResourceDefinition(definition: KindDefinition): CustomResourceDefinition {
  const { kind, plural, shortNames, scope, selectableFields, columns } = definition;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(shortNames.length === 0 ? {} : { shortNames }),
        ...(definition.isInternal === true ? {} : { categories: ["kilonova"] }),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: objectSchema(definition) },
          subresources: { status: {} },
          additionalPrinterColumns: columns.map(({ description, ...column }) => ({
            ...column,
            description,
          })),
          ...(selectableFields.length === 0
            ? {}
            : { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) }),
        },
      ],
    },
  };
}

/** The API server itself describes apiVersion, kind and metadata. */
export function objectSchema(definition: KindDefinition): StructuralSchema {
  return {
    type: "object",
    description: definition.description,
    required: ["spec"],
    properties: {
      spec: specSchema(definition),
      status: fieldSchema(definition.status.describe(statusDescription), "status"),
    },
  };
}

function specSchema({ spec, rules }: KindDefinition): StructuralSchema {
  const schema = fieldSchema(spec.describe(specDescription), "spec");
  if (rules.length === 0) return schema;
  return {
    ...schema,
    "x-kubernetes-validations": rules.map(({ cel, message }) => ({ rule: cel, message })),
  };
}
