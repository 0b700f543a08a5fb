// SPDX-License-Identifier: Apache-2.0
import { Refused } from "../../../ports/errors.ts";
import { defineFault } from "../happening.ts";

const reasons = ["ImageFetchFailed", "ImageFetchFailed", "ImageChecksumMismatch"] as const;

export const imageErrors = defineFault({
  name: "image-errors",
  says: "the image server fails for a node, or sends wrong bytes, for a while",
  weight: 2,
  strike({ nodes, later }, chance) {
    const images = chance.pick(nodes)?.disk.images;
    if (images === undefined) return;
    const reason = chance.pick(reasons) ?? "ImageFetchFailed";
    images.onFetch = async () => new Refused(reason, "the image server answered 503");
    later(chance.whole(3000, 60_000), () => {
      images.onFetch = async () => undefined;
    });
  },
});
