// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatPodRecord, parsePodRecord, podOfRecordFile, podRecordFile } from "./pod-record.ts";

const record = {
  podUid: "11111111-0000-4000-8000-000000000001",
  namespace: "team",
  guest: "web-5e12e-1",
  order: 3,
};

describe("the record of a pod", () => {
  test("is read as it was written", () => {
    expect(parsePodRecord(formatPodRecord(record))).toEqual(record);
  });

  test("is found by its file's name, and other files are left alone", () => {
    const path = podRecordFile("/p", record.podUid);
    expect(path).toBe(`/p/${record.podUid}.json`);
    expect(podOfRecordFile(`${record.podUid}.json`)).toBe(record.podUid);
    for (const name of [record.podUid, ".json", "..json", "a b.json", "lost+found"]) {
      expect(podOfRecordFile(name)).toBeUndefined();
    }
  });

  test("is none when the text says something else, whatever that is", () => {
    const { order: _, ...partial } = record;
    const others = [partial, { ...record, podUid: "../x" }, { ...record, more: 1 }, null, []];
    for (const other of others) expect(parsePodRecord(JSON.stringify(other))).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parsePodRecord(text)).toBeUndefined();
      }),
    );
  });
});
