// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { listByKey, text } from "./bounded.ts";
import { isEqual } from "./equal.ts";

/** The API group of every kind. */
export const group = "kilonova.io";
/** The only served and stored version. */
export const version = "v1alpha1";
/** What `apiVersion` says on every object of ours. */
export const apiVersion = `${group}/${version}`;

/**
 * A rule that one field's schema cannot say. It stands on `spec`, because a rule on an optional
 * field does not see that field's removal. `cel` is what the API server runs, `holds` is its twin in
 * TypeScript; the API server tests demand that they agree. A rule that names `oldSelf` runs on
 * updates only. `message` names the cure.
 */
export interface Rule<Spec> {
  readonly cel: string;
  readonly message: string;
  readonly holds: (self: Spec, old: Spec) => boolean;
}

/** One column of `kubectl get`. A `priority` of 1 shows it with `-o wide` only. */
export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

/** Everything that the CRD generator, the clients and the docs need to know about one kind. */
export interface KindDefinition<
  Spec extends z.ZodType = z.ZodType,
  Status extends z.ZodType = z.ZodType,
> {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  /** One or two sentences for `kubectl explain`. */
  readonly description: string;
  readonly spec: Spec;
  readonly status: Status;
  readonly rules: readonly Rule<z.output<Spec>>[];
  readonly columns: readonly Column[];
  /** JSON paths that `--field-selector` understands. */
  readonly selectableFields: readonly string[];
  /** Users neither write nor need to read it: left out of the `kilonova` category. */
  readonly isInternal?: true;
}

/** Declares a kind; only the types of its members are inferred here. */
export function defineKind<Spec extends z.ZodType, Status extends z.ZodType>(
  definition: KindDefinition<Spec, Status>,
): KindDefinition<Spec, Status> {
  return definition;
}

/** A rule that forbids any change of the optional or required `field`, its removal included. */
export function immutable<Field extends string>(
  field: Field,
  cure: string,
): Rule<{ readonly [Key in Field]?: unknown }> {
  return {
    cel:
      `has(self.${field}) == has(oldSelf.${field}) && ` +
      `(!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} is immutable: ${cure}`,
    holds: (self, old) => isEqual(self[field], old[field]),
  };
}

/** The metadata of an object that the product reads. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** What owns an object: the garbage collector deletes it with the last of its owners. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** An object as it stands in the API server: `status` is absent until somebody wrote it. */
export interface KubeObject<Spec = unknown, Status = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status;
}

/** A moment as the API server writes it: RFC 3339 in UTC, whole seconds. */
export const timestamp = text(20, 20).regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);

/** One condition, in the shape that every Kubernetes client knows. */
export const conditionSchema = z.strictObject({
  type: text(1, 64).describe("What is judged."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  reason: text(1, 64).describe("Why, as one CamelCase word."),
  message: text(0, 1024).describe("Why, as a sentence that names the cause and the cure."),
  lastTransitionTime: timestamp.describe("When status last changed."),
  observedGeneration: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe("The metadata.generation that was judged."),
});

export type Condition = z.output<typeof conditionSchema>;

/** The conditions of an object: one of each type, merged by type under server-side apply. */
export const conditionsSchema = listByKey(conditionSchema, "type", 16).describe(
  "What holds of this object now, with reasons.",
);

/** `metadata.generation` that a status speaks of. */
export const observedGeneration = z
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .describe("The metadata.generation that this status speaks of.");
