// SPDX-License-Identifier: Apache-2.0
import { metadataKeysOf, metadataOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

/** What aggregates say under the name of an image property limits images that have the property. */
export const aggregateImages = defineFilter({
  name: "aggregate-images",
  source: "AggregateImagePropertiesIsolation",
  passes(host, { image }, { imagePropertyPrefix = "" }) {
    for (const key of metadataKeysOf(host)) {
      const value = image?.properties[key];
      if (!key.startsWith(imagePropertyPrefix) || value === undefined || value === "") continue;
      if (!metadataOf(host, key).has(value)) return `is kept for images with another ${key}`;
    }
    return true;
  },
});
