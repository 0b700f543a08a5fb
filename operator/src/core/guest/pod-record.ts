// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { podDirectory } from "./paths.ts";
import { isPodUid } from "./pod-tree.ts";

const schema = z.strictObject({
  podUid: z.string().refine(isPodUid),
  namespace: z.string().min(1).max(63),
  guest: z.string().min(1).max(253),
  /** Grows with each publication: the highest of a Guest belongs to its newest pod. */
  order: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
});

/** Which Guest a pod's tree belongs to: kept on the node's disk, so that a new agent finds it. */
export type PodRecord = z.output<typeof schema>;

/** The file that keeps a pod's record, beside its tree. */
export function podRecordFile(pods: string, podUid: string): string {
  return `${podDirectory(pods, podUid)}.json`;
}

/** The uid of the pod whose record a file of this name keeps; undefined when it keeps none. */
export function podOfRecordFile(name: string): string | undefined {
  const uid = name.endsWith(".json") ? name.slice(0, -".json".length) : "";
  return isPodUid(uid) ? uid : undefined;
}

export function formatPodRecord(record: PodRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/** The record in the text; undefined when there is none. */
export function parsePodRecord(text: string): PodRecord | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
