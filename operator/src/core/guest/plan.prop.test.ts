// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { finalizer } from "../../api/names.ts";
import { guestStatusSchema } from "../../api/v1alpha1/guest.ts";
import { aGuest } from "../../testing/builders.ts";
import { isEqual } from "../lib/equal.ts";
import { planGuest } from "./plan.ts";
import type { GuestStep, GuestView, MetadataView } from "./view.ts";

const uid = aGuest().metadata.uid ?? "";
const bootNumber = fc.integer({ min: 0, max: 3 });
const now = "2026-01-01T00:01:00Z";

/** What is usual most of the time, so that plans get far. */
function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

const status = fc.option(
  fc.record(
    {
      observedGeneration: fc.integer({ min: 1, max: 2 }),
      claim: fc.constantFrom({ state: "Accepted" } as const, { state: "Refused" } as const),
      domain: fc.constantFrom("Off", "Starting", "Running", "Paused", "Stopping"),
      boot: bootNumber,
      stoppedBy: fc.constantFrom("User", "Guest", "Crash", "Host", "Pod"),
      isReleased: fc.constant(true),
      startedTime: fc.constant("2026-01-01T00:00:00Z"),
      error: fc.constant({ reason: "StartFailed", message: "m", time: "2026-01-01T00:00:00Z" }),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);

const guest = fc
  .record({
    runState: fc.constantFrom("Running", "Running", "Stopped", "Absent"),
    boot: bootNumber,
    disks: fc.constantFrom("Keep", "Destroy"),
    isDeleting: mostly(false, true),
    hasFinalizer: mostly(true, false),
    status,
  })
  .map(({ isDeleting, hasFinalizer, status: said, ...spec }) =>
    aGuest({
      metadata: {
        finalizers: hasFinalizer ? [finalizer] : [],
        ...(isDeleting && { deletionTimestamp: now }),
      },
      spec,
      ...(said !== undefined && { status: said }),
    }),
  );

const record = fc.record(
  {
    namespace: fc.constant("team"),
    name: fc.constant("web-5e12e-1"),
    guestUid: fc.constantFrom(uid, "another"),
    imageDigest: fc.constant(aGuest().spec.image.http.checksum),
    boot: fc.record({
      number: bootNumber,
      hostBootId: fc.constantFrom("boot-1", "boot-0"),
      podUid: fc.constantFrom("pod-1", "pod-0"),
    }),
  },
  { requiredKeys: ["namespace", "name", "guestUid", "imageDigest"] },
);

const domain: fc.Arbitrary<GuestView["domain"]> = fc.oneof(
  fc.record({
    kind: fc.constant("absent" as const),
    lastWord: fc.constantFrom(undefined, "shutdown", "crashed", "destroyed"),
  }),
  fc.record({
    kind: fc.constant("present" as const),
    state: fc.constantFrom("Running", "Held", "Paused"),
    machineType: fc.constantFrom(undefined, "pc-q35-10.0"),
  }),
  fc.constant({ kind: "unknown" as const }),
);

const steps: readonly GuestStep["kind"][] = ["CreateDisk", "Start", "AskShutdown", "RemoveFiles"];

const view: fc.Arbitrary<GuestView> = fc.record({
  guest,
  host: mostly<GuestView["host"]>(
    { bootId: "boot-1", virtType: "qemu", guestImage: "1" },
    { bootId: "boot-1", virtType: undefined, guestImage: undefined },
  ),
  claim: mostly<GuestView["claim"]>({ state: "Accepted" }, { state: "Refused" }, undefined),
  isReleased: mostly(false, true),
  record: fc.option(record, { nil: undefined }),
  hasDirectory: fc.boolean(),
  hasDisk: fc.boolean(),
  image: mostly<GuestView["image"]>(
    { kind: "ready" },
    { kind: "absent" },
    { kind: "fetching" },
    { kind: "failed", reason: "ImageFetchFailed", message: "m" },
    { kind: "fetching", lastFailure: { reason: "ImageFetchFailed", message: "m" } },
  ),
  pod: fc.option(
    fc.record({
      uid: fc.constantFrom("pod-1", "pod-2"),
      isReady: mostly(true, false),
      metadata: mostly<MetadataView>(
        { kind: "ready" },
        { kind: "waiting", message: undefined },
        { kind: "waiting", message: "m" },
      ),
      isTerminating: mostly(false, true),
    }),
    { nil: undefined },
  ),
  network: mostly<GuestView["network"]>(
    { connected: [], boot: 1, ageSeconds: 1 },
    { connected: [], boot: 1, ageSeconds: 300 },
    undefined,
  ),
  domain,
  shutdown: fc.option(
    fc.record({
      elapsedSeconds: fc.integer({ min: 0, max: 90 }),
      sinceLastSeconds: fc.integer({ min: 0, max: 20 }),
    }),
    { nil: undefined },
  ),
  failure: fc.option(
    fc.record({
      step: fc.constantFrom(...steps),
      reason: fc.constant("StartFailed"),
      message: fc.string({ maxLength: 2000 }),
    }),
    { nil: undefined },
  ),
  preparingSeconds: fc.integer({ min: 0, max: 5 }),
  now: fc.constant(now),
});

/** A guest that somebody wants to be gone, and that is almost. */
const leaving: fc.Arbitrary<GuestView> = fc
  .tuple(view, mostly(true, false), mostly(true, false), fc.boolean())
  .map(([one, isReleased, isAbsent, isDeleting]) => ({
    ...one,
    isReleased,
    domain: isAbsent ? { kind: "absent", lastWord: undefined } : one.domain,
    guest: {
      ...one.guest,
      metadata: { ...one.guest.metadata, ...(isDeleting && { deletionTimestamp: now }) },
    },
  }));

/** Expects `holds` of every view whose plan has one of these steps. */
function expectAlways(
  kinds: readonly GuestStep["kind"][],
  holds: (view: GuestView) => boolean,
): void {
  let count = 0;
  const property = fc.property(fc.oneof(view, leaving), (one) => {
    const { next } = planGuest(one);
    if (next.kind !== "step" || !kinds.includes(next.step.kind)) return true;
    count += 1;
    return holds(one);
  });
  fc.assert(property, { numRuns: 3000 });
  expect(count).toBeGreaterThan(0);
}

const isBeingDeleted = ({ guest: { metadata } }: GuestView): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(finalizer) === true;

describe("a plan", () => {
  test("starts a domain only where there is none, for a right that stands, and a disk", () => {
    expectAlways(["Start"], (one) => {
      const { guest: object, domain: seen } = one;
      const isAsked = object.spec.runState === "Running" && !one.isReleased;
      const isAlone = seen.kind === "absent" && object.metadata.deletionTimestamp === undefined;
      return isAsked && isAlone && one.claim?.state === "Accepted" && one.hasDisk;
    });
  });

  test("starts a domain once for each boot", () => {
    expectAlways(["Start"], ({ guest: { spec, status: said, metadata }, record: known }) => {
      const isRecorded = known?.guestUid === metadata.uid && known?.boot?.number === spec.boot;
      const isTold = said?.boot === spec.boot && said.domain !== "Starting";
      return !isRecorded && !isTold;
    });
  });

  test("lets a domain go on only for a right that stands", () => {
    expectAlways(["Resume"], ({ guest: { spec, metadata }, isReleased }) => {
      const isAsked = spec.runState === "Running" && metadata.deletionTimestamp === undefined;
      return isAsked && !isReleased;
    });
  });

  test("makes a disk only for a guest that never ran", () => {
    expectAlways(["CreateDisk"], (one) => {
      const hasRun = one.record?.boot !== undefined;
      return !one.hasDisk && !hasRun && one.guest.status?.startedTime === undefined;
    });
  });

  test("destroys files only of a Guest that is deleted, has our finalizer and wants it, or never ran", () => {
    expectAlways(["RemoveFiles"], (one) => {
      const hasRun = one.record === undefined ? one.hasDisk : one.record.boot !== undefined;
      const isWanted = one.guest.spec.disks === "Destroy" || !hasRun;
      const isOver = one.isReleased && one.domain.kind === "absent";
      return isBeingDeleted(one) && isWanted && isOver;
    });
  });

  test("lets a Guest go only when its right was released and no domain is left", () => {
    expectAlways(["RemoveFinalizer"], (one) => {
      const isLeft =
        one.guest.spec.disks === "Destroy" && (one.hasDirectory || one.record !== undefined);
      return isBeingDeleted(one) && one.isReleased && one.domain.kind === "absent" && !isLeft;
    });
  });

  test("releases a right only when no domain is left, and somebody wants that", () => {
    expectAlways(["Release"], ({ guest: { spec, metadata }, domain: seen }) => {
      const isOver = spec.runState === "Absent" || metadata.deletionTimestamp !== undefined;
      return seen.kind === "absent" && isOver;
    });
  });

  test("says that a guest is off, or released, only when that is so", () => {
    fc.assert(
      fc.property(view, (one) => {
        const said = planGuest(one).status;
        if (isEqual(said, one.guest.status ?? {})) return true;
        const isTrue = one.isReleased || said.isReleased !== true;
        return isTrue && (said.domain !== "Off" || one.domain.kind === "absent");
      }),
      { numRuns: 3000 },
    );
  });

  test("does nothing about a domain that no libvirt answers for", () => {
    fc.assert(
      fc.property(view, (one) => {
        const { next, status: said } = planGuest({ ...one, domain: { kind: "unknown" } });
        return next.kind === "wait" && isEqual(said, one.guest.status ?? {});
      }),
    );
  });

  test("is the same again once its status is written", () => {
    fc.assert(
      fc.property(view, (one) => {
        const first = planGuest(one);
        const again = planGuest({ ...one, guest: { ...one.guest, status: first.status } });
        expect(again.status).toEqual(first.status);
        if (first.next.kind === "step") expect(again.next).toEqual(first.next);
        else expect(again.next.kind).toBe("wait");
      }),
      { numRuns: 3000 },
    );
  });

  test("keeps what a later release wrote into the status, whatever it decides", () => {
    const tidal = {
      type: "Tidal",
      status: "True",
      reason: "High",
      message: "",
      lastTransitionTime: now,
    } as const;
    fc.assert(
      fc.property(view, (one) => {
        const before = { ...one.guest.status, conditions: [tidal], tide: 2 };
        const planned = planGuest({ ...one, guest: { ...one.guest, status: before } }).status;
        expect(planned).toMatchObject({ conditions: [tidal], tide: 2 });
      }),
      { numRuns: 1000 },
    );
  });

  test("has a status that the API server accepts", () => {
    fc.assert(
      fc.property(view, (one) => guestStatusSchema.safeParse(planGuest(one).status).success),
      { numRuns: 1000 },
    );
  });
});
