// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { hypervisorStatusSchema } from "../../api/v1alpha1/hypervisor.ts";
import { aHypervisor } from "../../testing/builders.ts";
import { conditionOf } from "../lib/condition-set.ts";
import { type NodeObservation, type OperatorReport, planNode } from "./plan.ts";

const { status } = aHypervisor();
const uuid = "11111111-2222-4333-8444-555555555555";
const other = "99999999-2222-4333-8444-555555555555";

function observe(change: Partial<NodeObservation> = {}): NodeObservation {
  return {
    name: "node-1",
    node: { isLabelled: true, isMarkedInUse: false },
    hypervisor: aHypervisor(),
    heartbeat: { renewTime: "b", sinceMs: 0, hasBeaten: true },
    claims: [],
    upAfterSeconds: 20,
    monotonicMs: 1000,
    nowMs: Date.parse("2026-01-01T00:00:00Z"),
    sinceWrittenSeconds: Infinity,
    ...change,
  };
}

const kinds = (change: Partial<NodeObservation>) =>
  planNode(observe(change)).steps.map(({ kind }) => kind);

function reported(change: Partial<NodeObservation> = {}): OperatorReport {
  const step = planNode(observe(change)).steps.find(({ kind }) => kind === "ApplyStatus");
  if (step?.kind !== "ApplyStatus") throw new Error("no report");
  return step.report;
}

const written = aHypervisor({ status: { ...status, ...reported() } });

describe("a labelled node", () => {
  test("gets a Hypervisor", () => {
    expect(kinds({ hypervisor: undefined })).toEqual(["CreateHypervisor"]);
  });

  test("is told of: state, usage and condition, in a form that fits the schema", () => {
    const report = reported({ claims: [{ VCPU: 3, MEMORY_MB: 1184 }, { VCPU: 1 }] });
    expect(hypervisorStatusSchema.parse(report)).toEqual(report);
    expect(report).toMatchObject({
      state: "up",
      usage: { servers: 2, vcpus: "4/32", memory: "1184/16384", disk: "0/100" },
    });
  });

  test("is not written of again when nothing changed, and looked at before it could be stale", () => {
    expect(planNode(observe({ hypervisor: written }))).toEqual({
      steps: [],
      againAfterSeconds: 19,
    });
  });

  test("is asked for when it was up and is not heard of any more", () => {
    const silent = { hypervisor: written, monotonicMs: 20_000 };
    expect(planNode(observe(silent))).toEqual({
      steps: [{ kind: "AskHeartbeat", name: "node-1" }],
      againAfterSeconds: 0,
    });
  });

  test("is written of at once when it goes down", () => {
    const heartbeat = { renewTime: "b", sinceMs: 0, hasBeaten: true, isConfirmed: true } as const;
    const clock = { monotonicMs: 20_000, sinceWrittenSeconds: 0 };
    const silent = { hypervisor: written, heartbeat, ...clock };
    expect(kinds(silent)).toEqual(["ApplyStatus"]);
    expect(reported(silent)).toMatchObject({ state: "down" });
  });

  test("has its usage alone written at most every few seconds", () => {
    const busy = { hypervisor: written, claims: [{ VCPU: 1 }] };
    const marked = { node: { isLabelled: true, isMarkedInUse: true } };
    const soon = planNode(observe({ ...busy, ...marked, sinceWrittenSeconds: 2 }));
    expect(soon).toEqual({ steps: [], againAfterSeconds: 3 });
    expect(kinds({ ...busy, ...marked, sinceWrittenSeconds: 5 })).toEqual(["ApplyStatus"]);
  });

  test("has no capacity before its agent has reported", () => {
    const { status: _, ...bare } = aHypervisor();
    expect(reported({ hypervisor: bare, heartbeat: undefined })).toMatchObject({
      state: "down",
      usage: { vcpus: "0/0" },
      conditions: [{ type: "Up", reason: "NeverReported" }],
    });
  });
});

describe("a node that servers stand on", () => {
  const claims = [{ VCPU: 1 }];

  test("is marked, so that its agent stays, and unmarked when the last one is gone", () => {
    expect(kinds({ claims })).toContain("MarkNode");
    const marked = { node: { isLabelled: true, isMarkedInUse: true }, hypervisor: written };
    expect(planNode(observe(marked)).steps).toEqual([
      { kind: "MarkNode", name: "node-1", isInUse: false },
    ]);
  });

  test("keeps its Hypervisor without its label and without its Node object", () => {
    const unlabelled = { node: { isLabelled: false, isMarkedInUse: true }, claims };
    expect(kinds(unlabelled)).toEqual(["ApplyStatus"]);
    expect(kinds({ node: undefined, claims })).toEqual(["ApplyStatus"]);
    expect(kinds({ node: undefined, claims, hypervisor: undefined })).toEqual(["CreateHypervisor"]);
  });

  test("loses it when nothing stands there any more", () => {
    expect(kinds({ node: undefined })).toEqual(["DeleteHypervisor"]);
    const unlabelled = { node: { isLabelled: false, isMarkedInUse: true } };
    expect(kinds(unlabelled)).toEqual(["MarkNode", "DeleteHypervisor"]);
    expect(kinds({ node: undefined, hypervisor: undefined })).toEqual([]);
  });
});

describe("the identity of a hypervisor", () => {
  const identify = (
    known: OperatorReport["identity"],
    is: { uuid: string; nodeUid: string },
    acknowledgedUuid?: string,
  ) => {
    const report = reported({
      hypervisor: aHypervisor({
        spec: acknowledgedUuid === undefined ? {} : { acknowledgedUuid },
        status: { ...status, ...is, ...(known !== undefined && { identity: known }) },
      }),
    });
    const { status: holds, message } = conditionOf(report.conditions, "IdentityKnown") ?? {};
    return { identity: report.identity, holds, message };
  };
  const first = { uuid, nodeUid: "n1" };

  test("is believed when it is first reported", () => {
    expect(identify(undefined, first)).toMatchObject({ identity: first, holds: "True" });
  });

  test("is not known while another uuid or Node reports, and the known one is kept", () => {
    const moved = identify(first, { uuid: other, nodeUid: "n1" });
    expect(moved).toMatchObject({ identity: first, holds: "False" });
    expect(moved.message).toContain(`until spec.acknowledgedUuid is ${other}`);
    expect(identify(first, { uuid, nodeUid: "n2" })).toMatchObject({
      identity: first,
      holds: "False",
    });
  });

  test("is known again when an administrator acknowledged it", () => {
    const is = { uuid: other, nodeUid: "n1" };
    expect(identify(first, is, other)).toMatchObject({ identity: is, holds: "True" });
    expect(identify(first, is, uuid)).toMatchObject({ identity: first, holds: "False" });
  });

  test("is not judged before an agent has reported", () => {
    expect(conditionOf(reported().conditions, "IdentityKnown")).toBeUndefined();
  });
});
