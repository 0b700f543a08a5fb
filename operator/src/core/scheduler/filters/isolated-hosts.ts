// SPDX-License-Identifier: Apache-2.0
import { defineFilter } from "../filter.ts";

/** Images that have hosts kept for them run there, and where that is strict, no others do. */
export const isolatedHosts = defineFilter({
  name: "isolated-hosts",
  source: "IsolatedHostsFilter",
  passes({ name }, { image }, { isolation }) {
    if (isolation === undefined) return true;
    const { hosts, images, isStrict } = isolation;
    const isHostKept = hosts.includes(name);
    const isImageKept = image !== undefined && images.includes(image.id);
    if (isHostKept && !isImageKept && isStrict) return "is kept for other images";
    return !isImageKept || isHostKept || "is not kept for its image";
  },
});
