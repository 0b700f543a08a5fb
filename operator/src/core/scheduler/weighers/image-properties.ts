// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

/** Properties that the image has in common with those of the servers there. */
export const imageProperties = defineWeigher({
  name: "image-properties",
  source: "ImagePropertiesWeigher",
  defaultMultiplier: 0,
  multiplierKey: "image_props_weight_multiplier",
  weigh({ imageProperties: others = [] }, { image }, { imagePropertyRatios: ratios }) {
    let sum = 0;
    for (const [key, value] of Object.entries(image?.properties ?? {})) {
      const ratio = ratios === undefined ? 1 : (ratios[key] ?? 0);
      sum += ratio * others.filter((properties) => properties[key] === value).length;
    }
    return sum;
  },
});
