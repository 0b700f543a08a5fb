// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { HypervisorStatus } from "../../api/v1alpha1/hypervisor.ts";
import { confirm, type Heartbeat, hear, livenessOf } from "./up.ts";

const saidUp: HypervisorStatus = {
  conditions: [
    {
      type: "Up",
      status: "True",
      reason: "HeartbeatFresh",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    },
  ],
};
const at = (seconds: number) => ({ nowMs: seconds * 1000, upAfterSeconds: 20 });
const beating: Heartbeat = { renewTime: "b", sinceMs: 0, hasBeaten: true };
const confirmed = (heartbeat: Heartbeat): Heartbeat => ({ ...heartbeat, isConfirmed: true });
const firstSeen: Heartbeat = { renewTime: "a", sinceMs: 0, hasBeaten: false };

describe("a heartbeat", () => {
  test("is not heard by the first look at its Lease", () => {
    expect(hear(undefined, "a", 5)).toEqual({ renewTime: "a", sinceMs: 5, hasBeaten: false });
  });

  test("is heard when the Lease changes, whatever time it names", () => {
    expect(hear(firstSeen, "1970-01-01T00:00:00Z", 9)).toMatchObject({
      sinceMs: 9,
      hasBeaten: true,
    });
  });

  test("is not heard when the Lease stays", () => {
    expect(hear(beating, "b", 99)).toBe(beating);
  });
});

describe("a silent heartbeat", () => {
  test("is confirmed by a Lease that stayed, or is gone", () => {
    expect(confirm(beating, "b", 99)).toEqual({ ...beating, isConfirmed: true });
    expect(confirm(beating, undefined, 99)).toEqual({ ...beating, isConfirmed: true });
  });

  test("is none when the Lease was renewed and the watch did not say so", () => {
    const heard = confirm(beating, "c", 99);
    expect(heard).toEqual({ renewTime: "c", sinceMs: 99, hasBeaten: true });
  });

  test("is one again after a beat", () => {
    expect(hear(confirm(beating, "b", 99), "c", 100)).not.toHaveProperty("isConfirmed");
  });
});

describe("a hypervisor", () => {
  test("is up until its heartbeat was not heard for the whole time", () => {
    expect(livenessOf(beating, undefined, at(19))).toMatchObject({
      verdict: { status: "True", reason: "HeartbeatFresh" },
      staleAfterSeconds: 1,
    });
    expect(livenessOf(confirmed(beating), saidUp, at(20))).toMatchObject({
      verdict: { status: "False", reason: "HeartbeatStale" },
      staleAfterSeconds: undefined,
    });
  });

  test("that was up stays so until the API server itself knows of no beat", () => {
    expect(livenessOf(beating, saidUp, at(20))).toMatchObject({
      verdict: { status: "True" },
      isDoubted: true,
    });
    expect(livenessOf(beating, undefined, at(20))).not.toHaveProperty("isDoubted");
  });

  test("that was up is not called dead by a new leader before a full period", () => {
    expect(livenessOf(firstSeen, saidUp, at(19)).verdict.status).toBe("True");
    expect(livenessOf(confirmed(firstSeen), saidUp, at(20)).verdict.status).toBe("False");
  });

  test("that was down is not called up by a Lease that may be old", () => {
    expect(livenessOf(firstSeen, undefined, at(1)).verdict.status).toBe("False");
  });

  test("without a Lease has never reported", () => {
    expect(livenessOf(undefined, undefined, at(1)).verdict.reason).toBe("NeverReported");
  });
});
