// SPDX-License-Identifier: Apache-2.0
import type { Guest, Server } from "../../../api/kinds.ts";
import { annotation } from "../../../api/names.ts";
import type { DomainModel } from "../../../api/v1alpha1/guest.ts";
import { factsOf, sshKeyFile, userDataFile } from "./facts.ts";
import { metadataOf } from "./metadata.ts";
import { networkDataOf } from "./network-data.ts";
import type { Devices } from "./openstack.ts";
import { formatRecipe } from "./recipe.ts";

/** Where the pod's program finds the recipe and what stands in Secrets. */
export const metadataMountPath = "/metadata";
const recipeFile = "recipe";
/** How the pod finds out whether its guest is ready; an empty file when it is by its running. */
const readinessFile = "readiness";
const volumeName = "metadata";

/** The annotation that carries the recipe. Anyone who reads the pod reads it; no Secret is in it. */
export function metadataAnnotation(server: Server, guest: Guest): Readonly<Record<string, string>> {
  const { domain } = guest.spec;
  const entries = metadataOf(factsOf(server, domain), devicesOf(domain));
  const recipe = formatRecipe({ drive: domain.configDrive ?? "none", entries });
  return { [annotation.metadata]: recipe };
}

/** Addresses, name servers and MTU come by DHCP from the pod, which is the one to know them. */
function devicesOf({ networks }: DomainModel): Devices {
  const ports = networks.map(({ name, mac }) => ({
    name,
    mac,
    addresses: [{ kind: "dhcp", version: 4 } as const],
  }));
  const nics = networks.flatMap(({ mac, tag }) =>
    tag === undefined ? [] : [{ mac, tags: [tag] }],
  );
  return { networkData: networkDataOf(ports, []), nics };
}

export const metadataMount = {
  name: volumeName,
  mountPath: metadataMountPath,
  readOnly: true,
} as const;

/**
 * The recipe and the keys of Secrets that the Server names, as files. A Secret that is not there does not
 * hold the pod up: its program says which one is missing, and goes on when it is made.
 */
export function metadataVolume({ spec }: Server) {
  const { sshKeys = [], userData } = spec;
  return {
    name: volumeName,
    projected: {
      sources: [
        {
          downwardAPI: {
            items: [
              annotationFile(recipeFile, annotation.metadata),
              annotationFile(readinessFile, annotation.readinessProbe),
            ],
          },
        },
        ...sshKeys.flatMap(({ secret }, index) => secretSource(secret, sshKeyFile(index))),
        ...secretSource(userData?.secret, userDataFile),
      ],
    },
  };
}

function annotationFile(path: string, key: string) {
  return { path, fieldRef: { fieldPath: `metadata.annotations['${key}']` } };
}

type SecretKey = NonNullable<NonNullable<Server["spec"]["userData"]>["secret"]>;

function secretSource(secret: SecretKey | undefined, path: string) {
  if (secret === undefined) return [];
  const { name, key } = secret;
  return [{ secret: { name, optional: true, items: [{ key, path }] } }];
}
