// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Tenant } from "../../framework/tenant.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-rights";
const user = "e2e-tenant";

describe("who may write what", () => {
  let tenant: Tenant;
  let guest: string;
  let host: string;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    await tenant.apply(
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata: { name: "everything", namespace },
        rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
      },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name: "everything", namespace },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "everything" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
      },
    );
    const server = await tenant.boot("web");
    guest = server.status?.run?.guest ?? "";
    host = server.status?.hypervisor ?? "";
  });

  afterAll(() => tenant.remove());

  const asTenant = (...args: readonly string[]): Promise<string> =>
    tenant.kubectl("--as", user, "-n", namespace, ...args);

  const patch = (value: object): string[] => ["--type=merge", "-p", JSON.stringify(value)];

  test("a tenant with every right in the namespace can use its servers", async () => {
    await asTenant("label", "server", "web", "tier=front");
    expect(await asTenant("get", "guests")).toContain(guest);
  });

  test.each([
    ["edit a Guest", () => ["patch", "guest", guest, ...patch({ spec: { boot: 99 } })]],
    ["delete a Guest", () => ["delete", "guest", guest, "--wait=false"]],
    [
      "write a Guest's status",
      () => [
        "patch",
        "guest",
        guest,
        "--subresource=status",
        ...patch({ status: { domain: "Off" } }),
      ],
    ],
    [
      "write a Server's status",
      () => ["patch", "server", "web", "--subresource=status", ...patch({ status: { run: null } })],
    ],
    [
      "take the finalizer off a Server",
      () => ["patch", "server", "web", ...patch({ metadata: { finalizers: null } })],
    ],
    ["edit the server pod", () => ["label", "pod", guest, "kilonova.io/server-uid-"]],
  ])("a tenant with every right in the namespace cannot %s", async (_, args) => {
    await expect(asTenant(...args())).rejects.toThrow(/kilonova|ValidatingAdmissionPolicy/);
  });

  test("a tenant cannot mount a guest's directory into a pod of its own", async () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "thief", namespace },
      spec: {
        containers: [{ name: "c", image: "x" }],
        volumes: [
          {
            name: "g",
            csi: { driver: "guest.kilonova.io", volumeAttributes: { guest } },
          },
        ],
      },
    };
    const creating = tenant.world.cluster.kubectl(["--as", user, "create", "-f", "-"], {
      stdin: JSON.stringify(pod),
    });
    await expect(creating).rejects.toThrow(/server pods/i);
  });

  test("the agent of one node cannot write another node's objects", async () => {
    const other = ["node-1", "node-2", "node-3"].find((name) => name !== host) ?? "";
    const identityOf = (node: string): string[] => [
      "--as=system:serviceaccount:kilonova-system:kilonova-agent",
      `--as-user-extra=authentication.kubernetes.io/node-name=${node}`,
    ];
    const asAgentOf = (node: string, ...args: readonly string[]): Promise<string> =>
      tenant.kubectl(...identityOf(node), ...args);
    const hypervisorPatch = patch({ status: { virtType: "kvm" } });
    const change = ["patch", "hypervisor", host, "--subresource=status", ...hypervisorPatch];
    await expect(asAgentOf(other, ...change)).rejects.toThrow(/agent of that node alone/);
    const { metadata, ...rest } = (await tenant.guestsOf("web"))[0] ?? {};
    const stolen = { ...rest, metadata, status: { ...rest.status, step: "ShuttingDown" } };
    const replacing = tenant.world.cluster.kubectl(
      [...identityOf(other), "replace", "--subresource=status", "-f", "-"],
      { stdin: JSON.stringify(stolen) },
    );
    await expect(replacing).rejects.toThrow(/agent of/);
  });
});
