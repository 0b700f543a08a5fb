// SPDX-License-Identifier: Apache-2.0
import type { KubeEvent, ResourceObject } from "../ports/kube.ts";

/** What users are told of one object. */
export interface EventText {
  readonly type: "Normal" | "Warning";
  /** One CamelCase word: why. */
  readonly reason: string;
  /** One CamelCase word: what was done or tried. */
  readonly action: string;
  /** A sentence that names the cause and the cure. Cut at 1024 bytes. */
  readonly note: string;
}

/** Who tells it. */
export interface EventSource {
  /** For example `kilonova.io/operator`. */
  readonly controller: string;
  /** Which process of it. */
  readonly instance: string;
}

/** When, and a part of the name that no other Event has. */
export interface EventStamp {
  readonly time: string;
  readonly suffix: string;
}

/** The API server's bounds. */
const noteBytesMax = 1024;
const instanceMax = 128;
const nameMax = 253;

/** Two events with the same key say the same of the same object. */
export function eventKey(regarding: ResourceObject, text: EventText): string {
  const { uid, namespace, name } = regarding.metadata;
  const words = [text.type, text.reason, text.action, text.note];
  return JSON.stringify([regarding.kind, uid ?? [namespace, name], ...words]);
}

/** An events.k8s.io/v1 Event as it is created. Those of cluster-scoped objects stand in `default`. */
export function composeEvent(
  regarding: ResourceObject,
  text: EventText,
  source: EventSource,
  stamp: EventStamp,
): KubeEvent {
  const { name, namespace, uid, resourceVersion } = regarding.metadata;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: {
      namespace: namespace ?? "default",
      name: `${name.slice(0, nameMax - stamp.suffix.length - 1)}.${stamp.suffix}`,
    },
    eventTime: stamp.time,
    type: text.type,
    reason: text.reason,
    action: text.action,
    note: cut(text.note, noteBytesMax),
    regarding: {
      apiVersion: regarding.apiVersion,
      kind: regarding.kind,
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    reportingController: source.controller,
    reportingInstance: source.instance.slice(0, instanceMax),
  };
}

/** At most so many bytes of UTF-8, and no half character at the end. */
function cut(text: string, bytesMax: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= bytesMax) return text;
  return new TextDecoder().decode(bytes.subarray(0, bytesMax)).replace(/\uFFFD+$/, "");
}
