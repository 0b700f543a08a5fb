// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { readRecord, writeRecord } from "./record.ts";

const record = { namespace: "team", name: "web-1", guestUid: "1", imageDigest: "sha256:0" };

test("a record of a later release is read, and what it says more is kept", () => {
  const later = { ...record, boot: { number: 1, hostBootId: "b", podUid: "p", tide: 1 }, tide: 2 };
  expect(readRecord(JSON.stringify(later))).toEqual(later);
  expect(writeRecord({ ...readRecord(JSON.stringify(later)), isRetained: true })).toContain("tide");
});

test.each(["", "{", "{}", '{"namespace": 1}'])("a damaged record is told: %s", (text) => {
  expect(() => readRecord(text)).toThrow();
});
