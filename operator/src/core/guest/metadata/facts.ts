// SPDX-License-Identifier: Apache-2.0
import type { Server } from "../../../api/kinds.ts";
import type { DomainModel } from "../../../api/v1alpha1/guest.ts";
import type { Part, SecretPart } from "./recipe.ts";

/** Nova's `default_availability_zone`. Source: nova-semantics 5.5. */
const defaultAvailabilityZone = "nova";
/** Larger than any public key of a known kind. */
const sshKeyBytesMax = 16_384;
/** What has 65535 characters in base64. Source: nova-semantics 8.3. */
export const userDataBytesMax = 49_149;

/** A public key that the guest lets in. */
export interface SshKey {
  readonly name: string;
  /** The key as it is, and as the inside of a JSON string. */
  readonly raw: Part;
  readonly json: Part;
}

/** All that a guest is told of itself. */
export interface Facts {
  /** Also cloud-init's instance id: it stays when the guest boots again. */
  readonly uuid: string;
  readonly name: string;
  readonly hostname: string;
  readonly projectId: string;
  readonly availabilityZone: string;
  readonly flavorName: string;
  /** The guest's private address on the pod network; empty without one. */
  readonly localIpv4: string;
  readonly meta: Readonly<Record<string, string>> | undefined;
  readonly sshKeys: readonly SshKey[];
  readonly userData: Part | undefined;
}

/** What a Server's guest is told of itself. `domain` is the resolved guest. */
export function factsOf({ metadata, spec }: Server, domain: DomainModel): Facts {
  const { sshKeys = [], userData } = spec;
  return {
    uuid: domain.uuid,
    name: metadata.name,
    hostname: domain.hostname,
    projectId: metadata.namespace ?? "",
    availabilityZone: defaultAvailabilityZone,
    flavorName: spec.flavor,
    localIpv4: domain.networks.find(({ pod }) => pod !== undefined)?.pod?.address ?? "",
    meta: spec.metadata,
    sshKeys: sshKeys.map(sshKeyOf),
    userData: userData && userDataOf(userData),
  };
}

type ValueSource = NonNullable<Server["spec"]["userData"]>;

function userDataOf({ value, secret }: ValueSource): Part {
  if (secret === undefined) return value ?? "";
  return {
    kind: "secret",
    encoding: "raw",
    file: userDataFile,
    bytesMax: userDataBytesMax,
    origin: `spec.userData: Secret ${secret.name}, key ${secret.key}`,
  };
}

/** A key of a Secret is named for it, as a key pair of Nova is by its user; another for its place. */
function sshKeyOf({ value, secret }: ValueSource, index: number): SshKey {
  if (secret === undefined) {
    const key = value ?? "";
    return { name: `key-${index}`, raw: key, json: JSON.stringify(key).slice(1, -1) };
  }
  const raw: SecretPart = {
    kind: "secret",
    encoding: "raw",
    file: sshKeyFile(index),
    bytesMax: sshKeyBytesMax,
    origin: `spec.sshKeys[${index}]: Secret ${secret.name}, key ${secret.key}`,
  };
  return { name: `${secret.name}/${secret.key}`, raw, json: { ...raw, encoding: "json" } };
}

/** Where the pod has the user data that stands in a Secret, below the directory of its metadata. */
export const userDataFile = "user-data";

/** The same for the SSH key at that place in the spec. */
export function sshKeyFile(index: number): string {
  return `ssh-key-${index}`;
}
