// SPDX-License-Identifier: Apache-2.0
import { Unavailable } from "../../ports/errors.ts";
import type { ResourceObject, ResourceType } from "../../ports/kube.ts";

/**
 * An object as the product sees it: with apiVersion and kind, which lists of built-in kinds leave
 * out, and without managedFields, which nobody here reads and which are half of what it weighs. The
 * API server has checked the rest against its schema.
 */
export function decodeObject<T extends ResourceObject>(type: ResourceType<T>, value: unknown): T {
  if (!isRecord(value) || !isRecord(value["metadata"])) {
    throw new Unavailable(`the API server sent something that is not a ${type.kind}`);
  }
  const { managedFields: _, ...metadata } = value["metadata"];
  const apiVersion = type.group === "" ? type.version : `${type.group}/${type.version}`;
  return { apiVersion, kind: type.kind, ...value, metadata } as unknown as T;
}

/** Whether a value is an object with members. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
