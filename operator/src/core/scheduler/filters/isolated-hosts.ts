// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

/** Images that have hosts kept for them run there, and where that is strict, no others do. */
export const isolatedHosts = defineFilter({
  name: "isolated-hosts",
  source: "IsolatedHostsFilter",
  testFor({ image }, { isolation }) {
    if (isolation === undefined) return undefined;
    const hosts = new Set(isolation.hosts);
    const isImageKept = image !== undefined && isolation.images.includes(image.id);
    if (isImageKept) return ({ name }) => hosts.has(name) || "is not kept for its image";
    if (!isolation.isStrict) return undefined;
    return ({ name }) => !hosts.has(name) || "is kept for other images";
  },
});
