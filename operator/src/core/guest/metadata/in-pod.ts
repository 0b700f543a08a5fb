// SPDX-License-Identifier: Apache-2.0
import type { Guest, Server } from "../../../api/kinds.ts";
import { annotation } from "../../../api/names.ts";
import { factsOf, sshKeyFile, userDataFile } from "./facts.ts";
import { metadataOf } from "./metadata.ts";
import { networkDataOf } from "./network-data.ts";
import { formatRecipe } from "./recipe.ts";

/** Where the pod's program finds the recipe and what stands in Secrets. */
export const metadataMountPath = "/metadata";
const recipeFile = "recipe";
const volumeName = "metadata";

/** The annotation that carries the recipe. Anyone who reads the pod reads it; no Secret is in it. */
export function metadataAnnotation(server: Server, guest: Guest): Readonly<Record<string, string>> {
  const devices = { networkData: networkDataOf([], []), nics: [] };
  const { domain } = guest.spec;
  const entries = metadataOf(factsOf(server, domain), devices);
  const recipe = formatRecipe({ drive: domain.configDrive ?? "none", entries });
  return { [annotation.metadata]: recipe };
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
  const fieldRef = { fieldPath: `metadata.annotations['${annotation.metadata}']` };
  return {
    name: volumeName,
    projected: {
      sources: [
        { downwardAPI: { items: [{ path: recipeFile, fieldRef }] } },
        ...sshKeys.flatMap(({ secret }, index) => secretSource(secret, sshKeyFile(index))),
        ...secretSource(userData?.secret, userDataFile),
      ],
    },
  };
}

type SecretKey = NonNullable<NonNullable<Server["spec"]["userData"]>["secret"]>;

function secretSource(secret: SecretKey | undefined, path: string) {
  if (secret === undefined) return [];
  const { name, key } = secret;
  return [{ secret: { name, optional: true, items: [{ key, path }] } }];
}
