// SPDX-License-Identifier: Apache-2.0
import { apiVersion } from "../../../api/define-kind.ts";
import type { Server } from "../../../api/kinds.ts";
import { annotation } from "../../../api/names.ts";
import type { ServerSpec } from "../../../api/v1alpha1/server.ts";
import { PortError } from "../../../ports/errors.ts";
import { type ResourceObject, type ResourceType, resources } from "../../../ports/kube.ts";
import { aFlavor, anAggregate, anImage, aServer, aServerGroup } from "../../builders.ts";
import type { FakeKube } from "../../fake-kube.ts";
import type { Trace } from "./trace.ts";

export const namespaces = ["team", "other"] as const;
/** Of the last, two fill a host with what only its agent counts: kubelets know nothing of guests' disks. */
const flavorSpecs = {
  "m1.small": {},
  "m1.large": { vcpus: 4, memoryMib: 3072, rootDiskGib: 20 },
  "m1.disk": { memoryMib: 512, rootDiskGib: 45 },
} as const;
export const flavorNames = Object.keys(flavorSpecs);
/** Of a server group in each namespace, whose members are to be on different hosts. */
export const groupName = "apart";
export const zones = ["east", "west"] as const;
/** Stands in the user data of every server. */
export const userDataCanary = "canary-5ae1c0de";
const user = { fieldManager: "kubectl" };

/** What somebody asked for of one Server: what happens to its disk is judged by it. */
export interface Wish {
  readonly uid: string;
  readonly key: string;
  /** Its owner deleted it, or its namespace: the disk may go. */
  isDeletionAsked: boolean;
}

/** A network of Multus, defined in each namespace. */
export interface Wire {
  readonly name: string;
  readonly config: object;
}

export const wires: readonly Wire[] = [
  { name: "storage", config: { name: "lan", type: "bridge" } },
  { name: "lasting", config: { name: "ovn", type: "ovn", allowPersistentIPs: true } },
];

interface NewServer {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Of a Server's spec; null takes a member away. */
type SpecChange = { readonly [Member in keyof ServerSpec]?: ServerSpec[Member] | null };

/** The users and the administrator: they write at once, and remember what they asked for. */
export class People {
  readonly #kube: FakeKube;
  readonly #trace: Trace;
  /** By uid of the Server. */
  readonly wishes = new Map<string, Wish>();

  /** What people last wrote into each Server's spec, by uid. */
  readonly specs = new Map<string, string>();
  /** Servers whose hosts' guests an administrator gave up, by uid. */
  readonly abandoned = new Set<string>();
  /** How often a backup of the API server was restored. */
  restores = 0;

  constructor(kube: FakeKube, trace: Trace) {
    this.#kube = kube;
    this.#trace = trace;
  }

  /** Namespaces, flavors and images. */
  async prepare(): Promise<void> {
    for (const [name, spec] of Object.entries(flavorSpecs)) {
      await this.#create(resources.flavors, asNew(aFlavor({ metadata: { name }, spec })));
    }
    for (const name of namespaces) await this.makeNamespace(name);
  }

  /** A namespace with an image. */
  async makeNamespace(name: string): Promise<void> {
    await this.#attempt(`creates namespace ${name}`, async () => {
      const metadata = { name, finalizers: ["kubernetes"] };
      await this.#create(resources.namespaces, { apiVersion: "v1", kind: "Namespace", metadata });
      await this.#create(resources.images, asNew(anImage({ metadata: { namespace: name } })));
      const group = { ...aServerGroup(), metadata: { namespace: name, name: groupName } };
      await this.#create(resources.serverGroups, asNew(group));
    });
    for (const wire of wires) await this.defineNetwork(name, wire);
  }

  /** A NetworkAttachmentDefinition. */
  async defineNetwork(namespace: string, { name, config }: Wire): Promise<void> {
    const { group, version, kind } = resources.networkAttachments;
    const object = {
      apiVersion: `${group}/${version}`,
      kind,
      metadata: { namespace, name },
      spec: { config: JSON.stringify(config) },
    };
    await this.#attempt(`defines network ${namespace}/${name}`, () =>
      this.#create(resources.networkAttachments, object),
    );
  }

  async removeNetwork(namespace: string, { name }: Wire): Promise<void> {
    await this.#attempt(`removes network ${namespace}/${name}`, () =>
      this.#kube.delete(resources.networkAttachments, { namespace, name }),
    );
  }

  async createServer(
    { namespace, name, labels = {} }: NewServer,
    spec: Partial<ServerSpec>,
  ): Promise<void> {
    const userData = { value: `#cloud-config ${userDataCanary}` };
    await this.#attempt(`creates Server ${namespace}/${name}`, async () => {
      const metadata = { namespace, name, labels };
      const server = await this.#create(
        resources.servers,
        asNew(aServer({ metadata, spec: { ...spec, userData } })),
      );
      const { uid = "" } = server.metadata;
      this.wishes.set(uid, { uid, key: `${namespace}/${name}`, isDeletionAsked: false });
      this.#wrote(server);
    });
  }

  async editServer({ metadata }: Server, spec: SpecChange): Promise<void> {
    const { namespace = "", name } = metadata;
    await this.#attempt(`edits Server ${namespace}/${name}: ${JSON.stringify(spec)}`, async () => {
      this.#wrote(await this.#kube.patch(resources.servers, { namespace, name }, { spec }, user));
    });
  }

  /** Null takes a label away. */
  async relabelServer(
    { metadata }: Server,
    labels: Readonly<Record<string, string | null>>,
  ): Promise<void> {
    const { namespace = "", name } = metadata;
    await this.#attempt(`labels Server ${namespace}/${name}: ${JSON.stringify(labels)}`, () =>
      this.#kube.patch(resources.servers, { namespace, name }, { metadata: { labels } }, user),
    );
  }

  async deleteServer({ metadata }: Server): Promise<void> {
    const { namespace = "", name, uid = "" } = metadata;
    await this.#attempt(`deletes Server ${namespace}/${name}`, async () => {
      await this.#kube.delete(resources.servers, { namespace, name }, { uid });
      this.#askedToDelete(uid);
    });
  }

  /** An administrator gives up what hosts that do not answer hold of a server. */
  async abandon({ metadata }: Server): Promise<void> {
    const { namespace = "", name, uid = "" } = metadata;
    const change = { metadata: { annotations: { [annotation.abandon]: "true" } } };
    await this.#attempt(`abandons Server ${namespace}/${name}`, async () => {
      this.abandoned.add(uid);
      await this.#kube.patch(resources.servers, { namespace, name }, change, user);
    });
  }

  async deleteNamespace(name: string): Promise<void> {
    await this.#attempt(`deletes namespace ${name}`, async () => {
      for (const server of await this.servers()) {
        if (server.metadata.namespace === name) this.#askedToDelete(server.metadata.uid ?? "");
      }
      await this.#kube.delete(resources.namespaces, { name });
      this.#kube.deleteNamespace(name);
    });
  }

  async deletePod(key: string, gracePeriodSeconds: number | undefined): Promise<void> {
    const [namespace = "", name = ""] = key.split("/");
    const options = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    await this.#attempt(`deletes pod ${key} (grace ${gracePeriodSeconds ?? "its own"})`, () =>
      this.#kube.delete(resources.pods, { namespace, name }, options),
    );
  }

  /** An administrator changes any object. */
  async change(type: ResourceType, name: string, change: Readonly<Record<string, unknown>>) {
    await this.#attempt(`changes ${type.kind} ${name}: ${JSON.stringify(change)}`, () =>
      this.#kube.patch(type, { name }, change, user),
    );
  }

  async remove(type: ResourceType, name: string): Promise<void> {
    await this.#attempt(`deletes ${type.kind} ${name}`, () => this.#kube.delete(type, { name }));
  }

  async addFlavor(name: string): Promise<void> {
    await this.#attempt(`creates Flavor ${name}`, () =>
      this.#create(resources.flavors, asNew(aFlavor({ metadata: { name } }))),
    );
  }

  /** Hosts whose Nodes have this label are in an aggregate of that name, with a zone. */
  async addAggregate(name: string, availabilityZone: string): Promise<void> {
    const nodeSelector = { matchLabels: { rack: name } };
    await this.#attempt(`creates HostAggregate ${name} in ${availabilityZone}`, () =>
      this.#create(
        resources.hostAggregates,
        asNew(anAggregate(name, { nodeSelector, availabilityZone })),
      ),
    );
  }

  /** The API server went back in time: what it says now is what counts. */
  async lookAnew(): Promise<void> {
    this.restores += 1;
    this.specs.clear();
    for (const server of await this.servers()) this.#wrote(server);
  }

  async servers(): Promise<readonly Server[]> {
    return (await this.#kube.list(resources.servers, { consistency: "quorum" })).items;
  }

  #wrote({ metadata, spec }: Server): void {
    this.specs.set(metadata.uid ?? "", JSON.stringify(spec));
  }

  #askedToDelete(uid: string): void {
    const wish = this.wishes.get(uid);
    if (wish !== undefined) wish.isDeletionAsked = true;
  }

  #create<T extends ResourceObject>(type: ResourceType<T>, object: T): Promise<T> {
    return this.#kube.create(type, object, user);
  }

  /** People try; what the API server refuses them changes nothing. */
  async #attempt(what: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
      this.#trace.add("people", what);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      this.#trace.add("people", `${what} -> ${error.reason}`);
    }
  }
}

/** A builder's object without what the API server gives. */
function asNew<T extends ResourceObject>(object: T): T {
  const { name, namespace, labels } = object.metadata;
  return {
    ...object,
    apiVersion: object.apiVersion === "" ? apiVersion : object.apiVersion,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(labels !== undefined && { labels }),
    },
  };
}
