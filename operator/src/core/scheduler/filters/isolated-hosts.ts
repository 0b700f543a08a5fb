// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

export const isolatedHosts = defineFilter({
  name: "isolated-hosts",
  source: "IsolatedHostsFilter",
  about: "Images that have hosts kept for them run there, and where that is strict, no others do.",
  asks({ image }, { isolation }) {
    if (isolation === undefined) return undefined;
    const { hosts, images, isStrict } = isolation;
    const isImageKept = image !== undefined && images.includes(image.id);
    return isImageKept || isStrict ? { hosts, isImageKept } : undefined;
  },
  testFor({ hosts: names, isImageKept }) {
    const hosts = new Set(names);
    if (isImageKept) return ({ name }) => hosts.has(name) || "is not kept for its image";
    return ({ name }) => !hosts.has(name) || "is kept for other images";
  },
});
