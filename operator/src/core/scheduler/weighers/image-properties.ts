// SPDX-License-Identifier: Apache-2.0
import { defineWeigher } from "../weigher.ts";

export const imageProperties = defineWeigher({
  name: "image-properties",
  source: "ImagePropertiesWeigher",
  about: "Properties that the image has in common with those of the servers there.",
  defaultMultiplier: 0,
  multiplierKey: "image_props_weight_multiplier",
  measureFor({ image }, { imagePropertyRatios: ratios }) {
    const wanted = Object.entries(image?.properties ?? {});
    if (wanted.length === 0) return undefined;
    return ({ imageProperties: others = [] }) => {
      let sum = 0;
      for (const [key, value] of wanted) {
        const ratio = ratios === undefined ? 1 : (ratios[key] ?? 0);
        sum += ratio * others.filter((properties) => properties[key] === value).length;
      }
      return sum;
    };
  },
});
