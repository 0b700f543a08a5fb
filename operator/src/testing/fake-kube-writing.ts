// SPDX-License-Identifier: Apache-2.0
/** What the API server makes of what a client writes. */
import { isEqual } from "../api/equal.ts";
import { timestampOf } from "../core/lib/time.ts";
import type { Clock } from "../ports/clock.ts";
import { Refused } from "../ports/errors.ts";
import type { DeleteOptions } from "../ports/kube.ts";
import type { Random } from "../ports/random.ts";
import { isJson, type Json, type StoredObject, without } from "./fake-kube-object.ts";
import { applied, type Owners, ownersAfterUpdate, type Writer } from "./fake-kube-owners.ts";
import type { Stored, Table } from "./fake-kube-table.ts";

/** Members of metadata that clients decide. */
const clientMetadata = ["labels", "annotations", "finalizers", "ownerReferences"];
const nameFormat = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** A new object as it is first stored. */
export function created(
  table: Table,
  writer: Writer,
  { sent, clock, random }: { sent: StoredObject; clock: Clock; random: Random },
): Stored {
  const { rules, type } = table;
  const { name, namespace } = sent.metadata;
  if (!nameFormat.test(name) || name.length > 253) {
    throw new Refused("Invalid", `${type.kind} "${name}" is invalid: metadata.name`);
  }
  const object: StoredObject = {
    ...(rules.hasStatus ? (without(sent, "status") as StoredObject) : sent),
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...chosenMetadata(sent.metadata),
      uid: random.uuid(),
      creationTimestamp: timestampOf(clock.nowMs()),
      ...(rules.hasGeneration && { generation: 1 }),
    },
  };
  const admitted = rules.admit(object, undefined);
  return { object: admitted, owners: firstOwners(table, writer, { admitted, sent: object }) };
}

function firstOwners(
  { rules }: Table,
  writer: Writer,
  { admitted, sent }: { admitted: StoredObject; sent: StoredObject },
): Owners {
  const { mergeTypes } = rules;
  if (writer.operation === "Apply") {
    return applied(new Map(), writer, { live: {}, config: sent, mergeTypes }).owners;
  }
  return ownersAfterUpdate(new Map(), writer, { old: undefined, next: admitted, mergeTypes });
}

/** A stored object after a client replaced it, or the part that `writer` names. */
export function replaced(
  table: Table,
  writer: Writer,
  { current, sent }: { current: Stored; sent: Json },
): Stored {
  const { mergeTypes } = table.rules;
  const object = settled(table, current.object, chosen(table, writer, { current, sent }));
  const owners = ownersAfterUpdate(current.owners, writer, {
    old: current.object,
    next: object,
    mergeTypes,
  });
  return { object, owners };
}

/** A stored object after a manager applied what it wants to own. */
export function reapplied(
  table: Table,
  writer: Writer,
  { current, sent }: { current: Stored; sent: StoredObject },
): Stored {
  const part = writer.subresource === "status" ? { status: sent.status } : without(sent, "status");
  const config = table.rules.hasStatus ? part : sent;
  const { object, owners } = applied(current.owners, writer, {
    live: current.object,
    config,
    mergeTypes: table.rules.mergeTypes,
  });
  const next = chosen(table, writer, { current, sent: object });
  return { object: settled(table, current.object, next), owners };
}

/** What a deletion makes of an object: "gone", or what stands until its finalizers are removed. */
export function deleted(
  table: Table,
  { object, owners }: Stored,
  { options, clock }: { options: DeleteOptions; clock: Clock },
): Stored | "gone" {
  const graceSeconds = graceOf(table, object, options);
  const { deletionGracePeriodSeconds: graceBefore, generation } = object.metadata;
  const isMarked = object.metadata.deletionTimestamp !== undefined;
  if (graceSeconds === 0 && !hasFinalizers(object)) return "gone";
  if (isMarked && graceSeconds >= (graceBefore ?? 0)) return { object, owners };
  const metadata = {
    ...object.metadata,
    deletionTimestamp: timestampOf(clock.nowMs() + graceSeconds * 1000),
    deletionGracePeriodSeconds: graceSeconds,
    ...(generation !== undefined && { generation: isMarked ? generation : generation + 1 }),
  };
  return { object: { ...object, metadata }, owners };
}

/** Whether nothing keeps a deleted object any more. */
export function isFinished({ metadata }: StoredObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  return (
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds === 0 &&
    (metadata.finalizers ?? []).length === 0
  );
}

/** The kubelet ends pods that run; everything else goes at once. */
function graceOf({ type }: Table, { spec }: StoredObject, options: DeleteOptions): number {
  if (type.kind !== "Pod" || !isJson(spec) || spec["nodeName"] === undefined) return 0;
  return options.gracePeriodSeconds ?? Number(spec["terminationGracePeriodSeconds"] ?? 30);
}

function hasFinalizers({ metadata }: StoredObject): boolean {
  return (metadata.finalizers ?? []).length > 0;
}

/** What the client may decide of the next object; the rest stays as it is. */
function chosen(
  { rules }: Table,
  { subresource }: Writer,
  { current, sent }: { current: Stored; sent: Json },
): StoredObject {
  const { object } = current;
  assertDeletionKept(object, sent);
  if (subresource === "status") return withStatus(object, sent["status"]);
  const metadata = {
    ...without(object.metadata, ...clientMetadata),
    ...chosenMetadata(isJson(sent["metadata"]) ? sent["metadata"] : {}),
  } as StoredObject["metadata"];
  const { apiVersion, kind } = object;
  const next: StoredObject = { ...sent, apiVersion, kind, metadata };
  return rules.hasStatus ? withStatus(next, object.status) : next;
}

/** Checks the next object, and counts its generation. */
function settled({ rules }: Table, current: StoredObject, next: StoredObject): StoredObject {
  const known = current.metadata.finalizers ?? [];
  const isNewFinalizer = (next.metadata.finalizers ?? []).some((each) => !known.includes(each));
  if (current.metadata.deletionTimestamp !== undefined && isNewFinalizer) {
    throw new Refused("Invalid", "no new finalizers can be added if the object is being deleted");
  }
  const admitted = rules.admit(next, current);
  const isSpecSame = isEqual(
    without(admitted, "metadata", "status"),
    without(current, "metadata", "status"),
  );
  const { generation } = current.metadata;
  if (isSpecSame || generation === undefined) return admitted;
  return { ...admitted, metadata: { ...admitted.metadata, generation: generation + 1 } };
}

/** A client may leave it out, or send what it read, but it cannot set it. */
function assertDeletionKept({ metadata }: StoredObject, sent: Json): void {
  const { deletionTimestamp = metadata.deletionTimestamp } = isJson(sent["metadata"])
    ? sent["metadata"]
    : {};
  if (deletionTimestamp !== metadata.deletionTimestamp) {
    throw new Refused("Invalid", "metadata.deletionTimestamp: field is immutable");
  }
}

function chosenMetadata(metadata: Json): Json {
  const entries = Object.entries(metadata).filter(([key]) => clientMetadata.includes(key));
  return Object.fromEntries(entries.filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function withStatus(object: StoredObject, status: unknown): StoredObject {
  const rest = without(object, "status") as StoredObject;
  return status === undefined ? rest : { ...rest, status };
}
