// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import type { GuestRecord } from "../../core/guest/record.ts";
import { aGuest } from "../../testing/builders.ts";
import { FakeGuestFiles, FakeReleasedTokens } from "../../testing/fake-guest-files.ts";
import { forgottenGuests } from "./forgotten-guests.ts";
import { incarnationOf } from "./observe.ts";

const guest = aGuest();
const incarnation = incarnationOf(guest);
const boot = { number: 1, hostBootId: "boot-1", podUid: "pod-1" };
const record: GuestRecord = {
  namespace: "team",
  name: guest.metadata.name,
  guestUid: "uid-1",
  uid: 10_003,
  imageDigest: "sha256:00",
  boot,
};
let files: FakeGuestFiles;
let released: FakeReleasedTokens;

beforeEach(() => {
  files = new FakeGuestFiles();
  released = new FakeReleasedTokens();
});

const forgotten = () => forgottenGuests([], { files, released });

describe("a guest that has no Guest is forgotten", () => {
  test("once it began", async () => {
    await files.writeRecord(incarnation, record);
    expect(await forgotten()).toEqual([{ ...incarnation, uid: 10_003 }]);
    expect(await forgottenGuests([guest], { files, released })).toEqual([]);
  });

  test("not when it executed nothing yet", async () => {
    await files.makeDirectory(incarnation, 10_003);
    expect(await forgotten()).toEqual([]);
    const { boot: _, ...unbegun } = record;
    await files.writeRecord(incarnation, unbegun);
    expect(await forgotten()).toEqual([]);
  });

  test("not when it was given back, or only its disk is kept", async () => {
    await files.writeRecord(incarnation, { ...record, isRetained: true });
    expect(await forgotten()).toEqual([]);
    await files.writeRecord(incarnation, record);
    await released.add(incarnation);
    expect(await forgotten()).toEqual([]);
  });
});
