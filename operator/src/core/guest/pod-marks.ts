// SPDX-License-Identifier: Apache-2.0
import { group } from "../../api/define-kind.ts";
import type { Server } from "../../api/kinds.ts";
import { annotation } from "../../api/names.ts";
import type { DomainModel } from "../../api/v1alpha1/guest.ts";
import { describeList } from "../lib/list.ts";
import { formatProbe } from "./readiness-probe.ts";

/** Labels and annotations of a server pod, each by its key. */
export interface PodMarks {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A change of marks as a merge patch has it: null takes a key away. */
export interface MarkChange {
  readonly labels: Readonly<Record<string, string | null>>;
  readonly annotations: Readonly<Record<string, string | null>>;
}

/** The annotations that follow the Server while its pod stands. */
export const followingAnnotations = [annotation.copiedLabels, annotation.readinessProbe] as const;

/**
 * What of a Server its pod carries for as long as it stands. Services and NetworkPolicies find the pod by
 * the labels of the Server; those of our own group stay ours.
 */
export function podMarks({ metadata, spec }: Server, domain: DomainModel): PodMarks {
  const labels = Object.fromEntries(
    Object.entries(metadata.labels ?? {}).filter(([key]) => !isOurs(key)),
  );
  const keys = Object.keys(labels).toSorted();
  const { readinessProbe: probe } = spec;
  return {
    labels,
    annotations: {
      ...(keys.length > 0 && { [annotation.copiedLabels]: JSON.stringify(keys) }),
      ...(probe !== undefined && { [annotation.readinessProbe]: formatProbe(probe, domain) }),
    },
  };
}

/**
 * What has to change on a pod that has `found`, so that it carries what is wanted; undefined when it does.
 * A label goes only if it was copied from the Server before: others are somebody else's.
 */
export function markChange(found: PodMarks, wanted: PodMarks): MarkChange | undefined {
  const labels = changed(found.labels, wanted.labels, copiedKeys(found));
  const annotations = changed(found.annotations, wanted.annotations, followingAnnotations);
  const count = Object.keys(labels).length + Object.keys(annotations).length;
  return count === 0 ? undefined : { labels, annotations };
}

/** What a pod carries after a change. */
export function marksAfter(found: PodMarks, change: MarkChange): PodMarks {
  return {
    labels: merged(found.labels, change.labels),
    annotations: merged(found.annotations, change.annotations),
  };
}

/** For people: what of a Server its pod did not get, why, and what to do about it. */
export function describeRefusal({ labels, annotations }: MarkChange, cause: string): string {
  const keys = Object.keys(labels);
  const fields = [
    ...(keys.length > 0 ? [`metadata.labels (${describeList(keys)})`] : []),
    ...(annotation.readinessProbe in annotations ? ["spec.readinessProbe"] : []),
  ];
  const what = fields.length === 0 ? "metadata.labels" : describeList(fields);
  return `what changed in ${what} does not reach the server's pod: ${cause}; change it, or what refuses it: it is tried again`;
}

function isOurs(key: string): boolean {
  const [prefix = ""] = key.split("/");
  return prefix === group || prefix.endsWith(`.${group}`);
}

function copiedKeys({ annotations }: PodMarks): string[] {
  const copied = annotations[annotation.copiedLabels];
  return copied === undefined ? [] : (JSON.parse(copied) as string[]);
}

function changed(
  found: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
  removable: readonly string[],
): Record<string, string | null> {
  const set = Object.entries(wanted).filter(([key, value]) => found[key] !== value);
  const gone = removable.filter((key) => key in found && !(key in wanted));
  return { ...Object.fromEntries(set), ...Object.fromEntries(gone.map((key) => [key, null])) };
}

function merged(
  found: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const entries = Object.entries({ ...found, ...change });
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
