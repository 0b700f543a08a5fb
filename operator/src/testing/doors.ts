// SPDX-License-Identifier: Apache-2.0
/** The API server and its twin in TypeScript side by side: the same object through the same door. */
import { type FieldPath, withField } from "../../../hack/gen/field-variants.ts";
import type { KindDefinition, KubeObject } from "../api/define-kind.ts";
import { kinds } from "../api/kinds.ts";
import { type Validation, validateCreate, validateUpdate } from "../api/validate.ts";
import { type Answer, type ApiServerClient, collectionPath } from "./api-server-client.ts";
import { alternativeFields, completeObjects } from "./complete-objects.ts";

/** One way in which an object gets into the API server, and its twin. */
export interface Door {
  readonly part: "spec" | "status";
  ask(object: KubeObject): Promise<Answer>;
  twin(object: KubeObject): Validation;
}

export interface World {
  readonly definition: KindDefinition;
  readonly complete: KubeObject;
  /** The complete object with other members where only one of several may be set. */
  readonly alternatives: readonly Alternative[];
  readonly create: Door;
  readonly update: Door;
  readonly updateStatus: Door;
}

interface Alternative {
  /** Of the field that is another one. */
  readonly path: FieldPath;
  readonly object: KubeObject;
}

/** Stores the complete object of a kind and opens the doors to it. Safe to call again. */
export async function worldOf(client: ApiServerClient, name: keyof typeof kinds): Promise<World> {
  const definition = kinds[name] as KindDefinition;
  const complete: KubeObject = completeObjects[name];
  const { namespace } = complete.metadata;
  const path = collectionPath(definition.plural, namespace);
  const itemPath = `${path}/${complete.metadata.name}`;
  await client.send("POST", path, complete);
  const current = await client.must("GET", itemPath);
  await client.must("PUT", `${itemPath}/status`, { ...current.body, status: complete.status });
  const stored = (await client.must("GET", itemPath)).body as KubeObject;
  const metadata = { name: "new", ...(namespace === undefined ? {} : { namespace }) };
  const now = ({ spec, status }: KubeObject): KubeObject => ({ ...stored, spec, status });
  return {
    definition,
    complete: stored,
    alternatives: (alternativeFields[name] ?? []).map(([fieldPath, to]) => ({
      path: fieldPath,
      object: withField(stored, fieldPath, to) as KubeObject,
    })),
    create: {
      part: "spec",
      ask: (object) => client.dryRun("POST", path, { ...object, metadata }),
      twin: (object) => validateCreate(definition, object),
    },
    update: {
      part: "spec",
      ask: (object) => client.dryRun("PUT", itemPath, now(object)),
      twin: (object) => validateUpdate(definition, stored, object),
    },
    updateStatus: {
      part: "status",
      ask: (object) => client.dryRun("PUT", `${itemPath}/status`, now(object)),
      twin: (object) => validateUpdate(definition, stored, object),
    },
  };
}

export interface Comparison {
  readonly isAccepted: boolean;
  /** What they do not agree in: the verdict, or what would be stored. */
  readonly difference: string | undefined;
}

/** Asks both. */
export async function compare(door: Door, object: KubeObject): Promise<Comparison> {
  const { part } = door;
  const answer = await door.ask(object);
  const twin = door.twin(object);
  if (answer.code >= 500) throw new Error(answer.body.message);
  const difference =
    answer.isOk === twin.ok && (!twin.ok || sorted(answer.body[part]) === sorted(twin.object[part]))
      ? undefined
      : `${JSON.stringify(object[part])}: the API server says ${
          answer.isOk ? JSON.stringify(answer.body[part]) : answer.body.message
        }, zod says ${JSON.stringify(twin.ok ? twin.object[part] : twin.faults)}`;
  return { isAccepted: answer.isOk, difference };
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
