// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { type ResourceObject, resources } from "../../ports/kube.ts";
import { errorOf, hypervisor, image, take, writer } from "../kube-store-world.ts";
import { FakeClock } from "../fake-clock.ts";
import { FakeKube } from "../fake-kube.ts";
import { SeededRandom } from "../seeded-random.ts";
import { describeAccessConformance } from "./access.conformance.ts";
import { chartAccess } from "./access.ts";
import type { AccessHost } from "./access-host.ts";
import { AdmissionPolicies, type AdmissionRequest } from "./admission-policies.ts";
import { chartAccessObjects, type ChartObject } from "./chart-templates.ts";
import { describeClientRights } from "./client-rights.conformance.ts";
import { fakeAccessHost } from "./fake-access-host.ts";
import { who } from "./identities.ts";
import { Rbac } from "./rbac.ts";
import { describeServerPodConformance } from "./server-pods.conformance.ts";

const forever = new AbortController().signal;
const makeFake = async (): Promise<AccessHost> => {
  const access = chartAccess();
  const kube = new FakeKube({ clock: new FakeClock(), random: new SeededRandom(1), access });
  return fakeAccessHost(kube, access);
};
describeAccessConformance("fake", makeFake);
describeServerPodConformance("fake", makeFake);
describeClientRights("fake", async () => {
  const kube = new FakeKube({ clock: new FakeClock(), random: new SeededRandom(1) });
  return { as: (identity) => kube.as(identity), close: async () => undefined };
});

describe("the fake API server", () => {
  test("keeps account of who wrote, and of what was denied", async () => {
    const kube = new FakeKube({ clock: new FakeClock(), random: new SeededRandom(1) });
    const agent = kube.as(who.agentOf("node-1"));
    const { nodes, servers, hypervisors } = resources;
    await kube.create(hypervisors, hypervisor("node-1"), writer);
    await kube.as(who.operator).delete(hypervisors, { name: "node-1" });
    await agent.list(nodes, { consistency: "cached" });
    await errorOf(agent.list(servers, { consistency: "cached" }));
    expect(kube.writes).toEqual([
      { verb: "create", kind: "Hypervisor", key: "node-1" },
      { verb: "delete", kind: "Hypervisor", key: "node-1", user: who.operator.user },
    ]);
    const message = expect.stringContaining("cannot list");
    expect(kube.denials).toEqual([
      { user: who.agentOfNowhere.user, verb: "list", kind: "Server", message },
    ]);
  });

  test("keeps its clients to one lag for each kind, so that they see kinds out of order", async () => {
    const clock = new FakeClock();
    const kube = new FakeKube({ clock, random: new SeededRandom(1) });
    const { images, hypervisors } = resources;
    kube.delayWatches(images, 500);
    await kube.create(images, image("team", "first"), writer);
    await kube.create(hypervisors, hypervisor("second"), writer);
    const seen: string[] = [];
    const options = { resourceVersion: "0", timeoutSeconds: 60 };
    const watching = [images, hypervisors].map(async (type) => {
      const [event] = await take(kube.watch<ResourceObject>(type, options, forever), 1);
      seen.push(event?.object.metadata.name ?? "");
    });
    await clock.advance(500);
    await Promise.all(watching);
    expect(seen).toEqual(["second", "first"]);
  });
});

describe("the chart's objects", () => {
  test("are all there: the roles of operator and agent, and the policies with their bindings", () => {
    const names = chartAccessObjects().map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names).toEqual(
      expect.arrayContaining([
        "ClusterRole kilonova-operator",
        "RoleBinding kilonova-agent-heartbeats",
        "ValidatingAdmissionPolicy kilonova-guests",
        "ValidatingAdmissionPolicyBinding kilonova-guests",
      ]),
    );
  });
});

describe("policies", () => {
  const policyOf = (spec: object): ChartObject[] => [
    {
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: "p" },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: { resourceRules: [rule] },
        variables: [],
        validations: [],
        ...spec,
      },
    },
    {
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: "b" },
      spec: { policyName: "p", validationActions: ["Deny"] },
    },
  ];
  const rule = { apiGroups: [""], resources: ["pods"], operations: ["CREATE"] };
  const request: AdmissionRequest = {
    ...{ verb: "create", group: "", version: "v1", resource: "pods", name: "a" },
    ...{ operation: "CREATE", object: { metadata: {} }, oldObject: undefined },
  };
  const answerOf = (spec: object, asked: AdmissionRequest = request): string => {
    const objects = policyOf(spec);
    try {
      new AdmissionPolicies(objects, new Rbac(objects)).admit(asked, who.tenant);
      return "admitted";
    } catch (error) {
      return String(error);
    }
  };
  const validation = (expression: string) => ({
    validations: [{ expression, message: "no", reason: "Forbidden" }],
  });

  test("deny what they cannot evaluate", () => {
    expect(answerOf(validation("object.spec.x == 1"))).toMatch(/denied request: .*No such key/);
  });

  test("leave alone what their rules do not name", () => {
    const never = validation("false");
    expect(answerOf(never)).toMatch(/policy 'p' with binding 'b' denied request: no/i);
    expect(answerOf(never, { ...request, operation: "UPDATE" })).toBe("admitted");
    expect(answerOf(never, { ...request, subresource: "status" })).toBe("admitted");
    expect(answerOf(never, { ...request, group: "apps" })).toBe("admitted");
  });

  test("that the fake would not enforce as a real API server does are refused", () => {
    expect(
      () => new AdmissionPolicies(policyOf({ failurePolicy: "Ignore" }), new Rbac([])),
    ).toThrow(/failurePolicy/);
    const [policy] = policyOf({}) as [ChartObject];
    expect(() => new AdmissionPolicies([policy], new Rbac([]))).toThrow(/no binding/);
    const matchConstraints = {
      resourceRules: [rule],
      namespaceSelector: { matchLabels: { team: "a" } },
    };
    expect(() => new AdmissionPolicies(policyOf({ matchConstraints }), new Rbac([]))).toThrow(
      /namespaces by labels/,
    );
  });
});
