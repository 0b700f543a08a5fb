// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { Server } from "../../api/kinds.ts";
import { aGuest, aServer } from "../../testing/builders.ts";
import { heldClaims } from "./claims.ts";

const guest = aGuest();
const { host, resources } = guest.spec;
const granted = aServer({
  status: {
    run: { token: 1, guest: guest.metadata.name, host, state: "Granted" },
    allocation: resources,
  },
});
const holder = {
  serverUid: "5e12e12e-0000-4000-8000-000000000001",
  isBuilding: false,
  hasFailed: false,
};
const claim = { host, resources, holder };
const assumed = { namespace: "team", guest: guest.metadata.name, uid: 1, ...claim };

describe("an incarnation holds its claim", () => {
  test("by its Guest", () => {
    expect(heldClaims({ servers: [], guests: [guest], assumed: [] })).toEqual([claim]);
  });

  test("by its Server's status before it has a Guest", () => {
    expect(heldClaims({ servers: [granted], guests: [], assumed: [] })).toEqual([claim]);
  });

  test("by assumption before anything is written", () => {
    expect(heldClaims({ servers: [], guests: [], assumed: [assumed] })).toEqual([claim]);
  });

  test("once, however many sources name it", () => {
    const sources = { servers: [granted], guests: [guest], assumed: [assumed] };
    expect(heldClaims(sources)).toEqual([claim]);
  });

  test("while its Guest is being deleted or has answered only for an older spec", () => {
    const status = { domain: "Off", isReleased: true, observedGeneration: 1 } as const;
    const newer = aGuest({ metadata: { generation: 2 }, status });
    expect(heldClaims({ servers: [], guests: [newer], assumed: [] })).toEqual([claim]);
  });
});

test("an incarnation holds nothing once its host gave the run right back", () => {
  const status = { domain: "Off", isReleased: true, observedGeneration: 1 } as const;
  const sources = { servers: [granted], guests: [aGuest({ status })], assumed: [] };
  expect(heldClaims(sources)).toEqual([]);
});

describe("who holds a claim", () => {
  const holderOf = (status: NonNullable<Server["status"]>) => {
    const server = aServer({ status: { ...granted.status, ...status } });
    return heldClaims({ servers: [server], guests: [guest], assumed: [] })[0]?.holder;
  };

  test("is building until its guest ran, and failed if its host could not start it", () => {
    expect(holderOf({ phase: "BUILD" })).toMatchObject({ isBuilding: true, hasFailed: false });
    const time = "2026-01-01T00:00:00Z";
    const fault = { reason: "StartFailed", message: "", time };
    expect(holderOf({ phase: "ERROR", fault })).toMatchObject({ hasFailed: true });
    const timings = { startedTime: time };
    expect(holderOf({ phase: "ERROR", fault, timings })).toMatchObject({ hasFailed: false });
    const ownFault = { ...fault, reason: "ImageTooLarge" };
    expect(holderOf({ phase: "ERROR", fault: ownFault })).toMatchObject({ hasFailed: false });
  });
});
