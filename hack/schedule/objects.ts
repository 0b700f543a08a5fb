// SPDX-License-Identifier: Apache-2.0
/** What a dry run of the scheduler is made from: objects of files, and those of a cluster. */
import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import type { KindDefinition } from "../../operator/src/api/define-kind.ts";
import {
  type Flavor,
  type Guest,
  type HostAggregate,
  type Hypervisor,
  type Image,
  kinds,
  type Server,
  type ServerGroup,
} from "../../operator/src/api/kinds.ts";
import { validateCreate } from "../../operator/src/api/validate.ts";
import {
  type KubeStore,
  type Node,
  type ResourceObject,
  type ResourceType,
  resources,
} from "../../operator/src/ports/kube.ts";

/** By kind. A server that is asked about is among the servers. */
export interface Objects {
  readonly servers: readonly Server[];
  readonly serverGroups: readonly ServerGroup[];
  readonly flavors: readonly Flavor[];
  readonly images: readonly Image[];
  readonly hypervisors: readonly Hypervisor[];
  readonly hostAggregates: readonly HostAggregate[];
  readonly guests: readonly Guest[];
  readonly nodes: readonly Node[];
}

const listed = {
  servers: resources.servers,
  serverGroups: resources.serverGroups,
  flavors: resources.flavors,
  images: resources.images,
  hypervisors: resources.hypervisors,
  hostAggregates: resources.hostAggregates,
  guests: resources.guests,
  nodes: resources.nodes,
} as const;
const names = Object.keys(listed) as (keyof Objects)[];

export const nothing: Objects = Object.fromEntries(
  names.map((name) => [name, []]),
) as unknown as Objects;

/** Everything of the cluster. Throws what the API server says. */
export async function readCluster(kube: KubeStore): Promise<Objects> {
  const read = async (name: keyof Objects): Promise<readonly ResourceObject[]> => {
    const type: ResourceType = listed[name];
    return (await kube.list(type, { consistency: "quorum" })).items;
  };
  const lists = await Promise.all(names.map(async (name) => [name, await read(name)] as const));
  return Object.fromEntries(lists) as unknown as Objects;
}

/**
 * The objects of a YAML or JSON file, Lists among them. What has no namespace is in `default`, what has
 * no uid gets its name for one. Throws with file, object and fault for what the API server would refuse.
 */
export async function readManifests(path: string): Promise<Objects> {
  const documents = parseAllDocuments(await readFile(path, "utf8"));
  const found: Record<string, ResourceObject[]> = {};
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${path}: ${error.message}`);
    for (const object of objectsIn(document.toJS())) {
      const name = names.find((one) => listed[one].kind === object.kind);
      if (name === undefined) throw new Error(`${path}: ${object.kind} is no kind that decides`);
      (found[name] ??= []).push(checked(path, object));
    }
  }
  return { ...nothing, ...found };
}

/** Both; where they have an object of one name, that of `files` counts. */
export function overlay(cluster: Objects, files: Objects): Objects {
  return Object.fromEntries(
    names.map((name) => {
      const byKey = new Map<string, ResourceObject>();
      for (const object of [...cluster[name], ...files[name]]) byKey.set(keyOf(object), object);
      return [name, [...byKey.values()]];
    }),
  ) as unknown as Objects;
}

export function keyOf({ metadata }: ResourceObject): string {
  return metadata.namespace === undefined
    ? metadata.name
    : `${metadata.namespace}/${metadata.name}`;
}

type Manifest = ResourceObject & { readonly status?: unknown };

function objectsIn(document: unknown): Manifest[] {
  if (document === null || document === undefined) return [];
  const { kind, items } = document as { readonly kind?: string; readonly items?: unknown[] };
  return kind?.endsWith("List") === true
    ? (items ?? []).flatMap(objectsIn)
    : [document as Manifest];
}

const definitions: readonly KindDefinition[] = Object.values<KindDefinition>(kinds);

function checked(path: string, manifest: Manifest): ResourceObject {
  const definition = definitions.find(({ kind }) => kind === manifest.kind);
  const metadata = {
    uid: manifest.metadata.name,
    ...(definition?.scope === "Namespaced" && { namespace: "default" }),
    ...manifest.metadata,
  };
  const whole = { ...manifest, metadata };
  if (definition === undefined) return whole;
  const result = validateCreate(definition, whole);
  if (!result.ok) {
    throw new Error(`${path}: ${manifest.kind} ${metadata.name}: ${result.faults.join("; ")}`);
  }
  // Unlike the API server, a dry run believes the status that a file gives.
  return { ...result.object, ...(whole.status !== undefined && { status: whole.status }) };
}
