// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { aGuest, aServer } from "../../testing/builders.ts";
import { markChange, marksAfter, type PodMarks, podMarks } from "./pod-marks.ts";

const { domain } = aGuest().spec;
const key = fc.constantFrom("app", "tier", "zone", "example.org/x", "kilonova.io/x");
const labels = fc.dictionary(key, fc.constantFrom("a", "b", ""));
const foreign = fc.dictionary(fc.constantFrom("mesh", "topology"), fc.constantFrom("a", "b"));

test("whatever a Server's labels become, one change makes its pod carry them and nobody else's go", () => {
  fc.assert(
    fc.property(fc.array(labels, { minLength: 1, maxLength: 5 }), foreign, (edits, others) => {
      let pod: PodMarks = { labels: others, annotations: {} };
      for (const edit of edits) {
        const wanted = podMarks(aServer({ metadata: { labels: edit } }), domain);
        const change = markChange(pod, wanted);
        if (change !== undefined) pod = marksAfter(pod, change);
        expect(markChange(pod, wanted)).toBeUndefined();
        expect(pod.labels).toEqual({ ...others, ...wanted.labels });
      }
    }),
  );
});
