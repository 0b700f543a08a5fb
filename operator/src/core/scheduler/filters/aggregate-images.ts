// SPDX-License-Identifier: Apache-2.0
import { metadataOf } from "../aggregates.ts";
import { defineFilter } from "../filter.ts";

export const aggregateImages = defineFilter({
  name: "aggregate-images",
  source: "AggregateImagePropertiesIsolation",
  about:
    "What aggregates say under the name of an image property limits images that have the property.",
  asks({ image }, { imagePropertyPrefix = "" }) {
    const properties = Object.entries(image?.properties ?? {}).filter(
      ([key, value]) => key.startsWith(imagePropertyPrefix) && value !== "",
    );
    return properties.length === 0 ? undefined : properties;
  },
  testFor: (properties) => (host) => {
    for (const [key, value] of properties) {
      const values = metadataOf(host, key);
      if (values.size > 0 && !values.has(value)) return `is kept for images with another ${key}`;
    }
    return true;
  },
});
