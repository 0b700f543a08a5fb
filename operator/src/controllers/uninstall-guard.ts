// SPDX-License-Identifier: Apache-2.0
import { type KubeStore, resources } from "../ports/kube.ts";
import { ifPresent } from "./absence.ts";

const shownMax = 10;

/**
 * Why the product must not be removed from the cluster now; undefined when it may be. Without operator,
 * agents and admission policies nobody would stop the servers, and nobody guard their pods.
 */
export async function refusalToUninstall(kube: KubeStore): Promise<string | undefined> {
  // Where there is no CRD there are no Servers.
  const list = await ifPresent(kube.list(resources.servers, { consistency: "quorum" }));
  const names = (list?.items ?? []).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  if (names.length === 0) return undefined;
  const shown = names.slice(0, shownMax).join(", ");
  const more = names.length > shownMax ? ", …" : "";
  return `${names.length} Servers exist: ${shown}${more}. Delete them before Kilonova is removed.`;
}
