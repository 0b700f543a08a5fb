// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { annotation } from "../../api/names.ts";
import { aGuest, aServer } from "../../testing/builders.ts";
import { markChange, marksAfter, type PodMarks, podMarks } from "./pod-marks.ts";

const { domain } = aGuest().spec;
const marksOf = (labels: Record<string, string>): PodMarks =>
  podMarks(aServer({ metadata: { labels } }), domain);

describe("what a pod carries of its Server", () => {
  test("is the labels, but for those of our group", () => {
    const marks = marksOf({ app: "web", "kilonova.io/server": "x", "a.kilonova.io/b": "y" });
    expect(marks).toEqual({
      labels: { app: "web" },
      annotations: { [annotation.copiedLabels]: '["app"]' },
    });
    expect(marksOf({})).toEqual({ labels: {}, annotations: {} });
  });

  test("follows the Server, and leaves alone what others put there", () => {
    const first = marksOf({ app: "web", tier: "front" });
    const pod = { ...first, labels: { ...first.labels, "example.org/mesh": "on" } };
    const wanted = marksOf({ app: "api", zone: "a" });
    const change = markChange(pod, wanted);
    expect(change).toEqual({
      labels: { app: "api", zone: "a", tier: null },
      annotations: { [annotation.copiedLabels]: '["app","zone"]' },
    });
    const after = marksAfter(pod, change ?? { labels: {}, annotations: {} });
    expect(after.labels).toEqual({ app: "api", zone: "a", "example.org/mesh": "on" });
    expect(markChange(after, wanted)).toBeUndefined();
  });

  test("is put right when somebody changed it, and gone when the Server has it no more", () => {
    const wanted = marksOf({ app: "web" });
    const changed = { ...wanted, labels: { app: "other" } };
    expect(markChange(changed, wanted)).toEqual({ labels: { app: "web" }, annotations: {} });
    expect(markChange(wanted, marksOf({}))).toEqual({
      labels: { app: null },
      annotations: { [annotation.copiedLabels]: null },
    });
  });
});
