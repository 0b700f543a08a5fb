// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from "../../api/conditions.ts";
import type { Flavor, Image, Server } from "../../api/kinds.ts";
import type { ServerStatus } from "../../api/v1alpha1/server.ts";
import { compact } from "../lib/compact.ts";
import { contributionsOf } from "./contributions.ts";

/** The flavor as a server keeps it: what it was built from, whatever becomes of the Flavor. */
export type EmbeddedFlavor = NonNullable<ServerStatus["flavor"]>;
/** The image as a server keeps it. */
export type EmbeddedImage = NonNullable<ServerStatus["image"]>;

/** What a server is made of, checked when the copies were taken. */
export interface Source {
  readonly flavor: EmbeddedFlavor;
  readonly image: EmbeddedImage;
}

/**
 * Takes the copies that a new server is built from, or says why it cannot be built from them. A flavor
 * that does not exist and one that is not shared with the namespace read the same: nobody learns of what
 * is not theirs. Source: nova-semantics 1.3, create.
 */
export function takeSource(
  server: Server,
  flavor: Flavor | undefined,
  image: Image | undefined,
): ({ readonly ok: true } & Source) | Refusal {
  const { namespace = "" } = server.metadata;
  const names = { flavor: server.spec.flavor, image: server.spec.image.name };
  if (flavor === undefined || !isSharedWith(namespace, flavor)) {
    const cure = "create it, share it, or name another one";
    return refuse(
      "FlavorNotFound",
      `namespace ${namespace} has no flavor ${names.flavor}: ${cure}`,
    );
  }
  if (flavor.spec.isDisabled) {
    const message = `flavor ${names.flavor} is disabled: enable it or name another one`;
    return refuse("FlavorDisabled", message);
  }
  if (image === undefined) {
    const cure = "create it or name another one";
    return refuse("ImageNotFound", `namespace ${namespace} has no image ${names.image}: ${cure}`);
  }
  const { http } = image.spec.source;
  if (http === undefined) return refuse("ImageInvalid", `image ${names.image} names no source`);
  const contributions = contributionsOf(flavor.spec.extraSpecs, image.spec.properties);
  if (!contributions.ok) return contributions;
  return sizeRefusal(flavor, image) ?? { ok: true, ...copiesOf(flavor, image, http) };
}

function isSharedWith(namespace: string, flavor: Flavor): boolean {
  return flavor.spec.access?.namespaces.includes(namespace) ?? true;
}

function sizeRefusal(flavor: Flavor, image: Image): Refusal | undefined {
  const { memoryMib, rootDiskGib } = flavor.spec;
  const { minMemoryMib, minDiskGib } = image.spec;
  const needs = (what: string): Refusal => {
    const cure = `take a larger flavor than ${flavor.metadata.name}`;
    return refuse("ImageTooLarge", `image ${image.metadata.name} needs ${what}: ${cure}`);
  };
  if (memoryMib < minMemoryMib) return needs(`${minMemoryMib} MiB of memory, not ${memoryMib}`);
  // A root disk of 0 takes the image's own size.
  const isDiskTooSmall = rootDiskGib > 0 && rootDiskGib < minDiskGib;
  return isDiskTooSmall ? needs(`a root disk of ${minDiskGib} GiB, not ${rootDiskGib}`) : undefined;
}

/** The copy of a flavor that a server keeps. */
export function embeddedFlavorOf(flavor: Flavor): EmbeddedFlavor {
  const { vcpus, memoryMib, rootDiskGib, extraSpecs } = flavor.spec;
  return compact({ ...identityOf(flavor), vcpus, memoryMib, rootDiskGib, extraSpecs });
}

function copiesOf(flavor: Flavor, image: Image, http: EmbeddedImage["http"]): Source {
  const { format, minDiskGib, minMemoryMib, properties } = image.spec;
  return {
    flavor: embeddedFlavorOf(flavor),
    image: compact({ ...identityOf(image), http, format, minDiskGib, minMemoryMib, properties }),
  };
}

function identityOf(object: Flavor | Image): { readonly name: string; readonly uid: string } {
  return { name: object.metadata.name, uid: object.metadata.uid ?? "" };
}

function refuse(reason: Refusal["reason"], message: string): Refusal {
  return { ok: false, reason, message };
}
