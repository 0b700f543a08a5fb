// SPDX-License-Identifier: Apache-2.0
import { annotation } from "../../../api/names.ts";
import { readDefinition } from "../../../core/guest/network/definition.ts";
import type { Link } from "../../../core/guest/network/links.ts";
import {
  type Pod,
  type ResourceObject,
  type ResourceType,
  resources,
} from "../../../ports/kube.ts";
import type { FakeKube } from "../../fake-kube.ts";

/** What Multus reads in a pod's annotation. */
interface Wish {
  readonly name: string;
  readonly interface: string;
  readonly mac?: string;
  readonly ips?: readonly string[];
  readonly "ipam-claim-reference"?: string;
}

/** One end of a wire in a pod. */
export interface Attached {
  /** The namespace and the definition. */
  readonly wire: string;
  readonly link: Link;
}

/** Who has an address: a claim for as long as it stands, and pods for as long as they do. */
interface Holder {
  readonly claim: string | undefined;
  readonly pods: Set<string>;
}

const mtu = 1500;

/**
 * The networks of a cluster beside its own, as Multus attaches pods to them: it reads definition and claim
 * when it does. Each has addresses to give; one that a claim keeps is given to no other.
 */
export class Wires {
  readonly #kube: FakeKube;
  readonly #holders = new Map<string, Holder>();

  constructor(kube: FakeKube) {
    this.#kube = kube;
  }

  /** Why the pod cannot be attached now; undefined when it can. */
  trouble({ metadata }: Pod): string | undefined {
    const { namespace = "" } = metadata;
    for (const wish of wishesOf(metadata)) {
      if (this.#definition(namespace, wish.name) === undefined) {
        return `cannot find a network-attachment-definition (${wish.name})`;
      }
      const claim = wish["ipam-claim-reference"];
      if (claim !== undefined && this.#claim(namespace, claim) === undefined) {
        return `ipamclaims "${claim}" not found`;
      }
    }
    return undefined;
  }

  /** The interfaces that the pod gets beside the cluster's own. */
  attach({ metadata }: Pod): Attached[] {
    const { namespace = "", uid = "" } = metadata;
    return wishesOf(metadata).map((wish): Attached => {
      const { interface: name, mac = "", ips } = wish;
      const wire = `${namespace}/${wish.name}`;
      const claim = this.#claim(namespace, wish["ipam-claim-reference"]);
      const addresses = ips ?? [this.#given(wire, uid, claim)];
      return { wire, link: { name, mtu, mac, addresses, alias: "" } };
    });
  }

  /** The pod is gone: what it was given is free. */
  release(podUid: string): void {
    for (const { pods } of this.#holders.values()) pods.delete(podUid);
  }

  #given(wire: string, podUid: string, claim: string | undefined): string {
    this.#free();
    const places = Array.from({ length: 254 }, (_, last) => `${wire} 10.8.1.${last + 1}/24`);
    const kept = places.find((place) => {
      const holder = this.#holders.get(place);
      return claim !== undefined && holder?.claim === claim;
    });
    const place = kept ?? places.find((one) => !this.#holders.has(one)) ?? "";
    const holder = this.#holders.get(place) ?? { claim, pods: new Set() };
    holder.pods.add(podUid);
    this.#holders.set(place, holder);
    return place.split(" ")[1] ?? "";
  }

  /** A claim that was deleted keeps nothing. */
  #free(): void {
    const claims = new Set(
      this.#kube.stored(resources.ipamClaims).map(({ metadata }) => metadata.uid),
    );
    for (const [place, { claim, pods }] of this.#holders) {
      if (pods.size === 0 && (claim === undefined || !claims.has(claim)))
        this.#holders.delete(place);
    }
  }

  #definition(namespace: string, name: string) {
    const { metadata, spec } = this.#find(resources.networkAttachments, namespace, name) ?? {};
    return metadata && readDefinition(name, spec?.config);
  }

  #claim(namespace: string, name: string | undefined): string | undefined {
    const found =
      name === undefined ? undefined : this.#find(resources.ipamClaims, namespace, name);
    return found?.metadata.uid;
  }

  #find<T extends ResourceObject>(type: ResourceType<T>, namespace: string, name: string) {
    return this.#kube
      .stored(type)
      .find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  }
}

function wishesOf({ annotations }: Pod["metadata"]): readonly Wish[] {
  return JSON.parse(annotations?.[annotation.networkAttachments] ?? "[]") as readonly Wish[];
}
