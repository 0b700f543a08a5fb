// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestAsAgentOf } from "../../framework/agent-request.ts";
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
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          seccompProfile: { type: "RuntimeDefault" },
        },
        containers: [
          {
            name: "c",
            image: "x",
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ["ALL"] },
            },
          },
        ],
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
    await expect(creating).rejects.toThrow(/kilonova|ValidatingAdmissionPolicy/i);
  });

  test("the agent of one node can write its own hypervisor's status and no other's", async () => {
    const other = ["node-1", "node-2", "node-3"].find((name) => name !== host) ?? "";
    const write = (node: string): Promise<string> =>
      requestAsAgentOf(tenant.world, node, {
        method: "PATCH",
        path: `/apis/kilonova.io/v1alpha1/hypervisors/${host}/status?fieldManager=thief&force=true&dryRun=All`,
        contentType: "application/apply-patch+yaml",
        body: {
          apiVersion: "kilonova.io/v1alpha1",
          kind: "Hypervisor",
          metadata: { name: host },
          status: { virtType: "qemu" },
        },
      });
    expect(await write(host)).toMatch(/^200 /);
    expect(await write(other)).toMatch(
      /^422 .*agent of that node alone|^403 .*agent of that node/s,
    );
  });

  test("the agent of one node can write the status of its own Guests only", async () => {
    const other = ["node-1", "node-2", "node-3"].find((name) => name !== host) ?? "";
    const [mine] = await tenant.guestsOf("web");
    const write = (node: string): Promise<string> =>
      requestAsAgentOf(tenant.world, node, {
        method: "PUT",
        path: `/apis/kilonova.io/v1alpha1/namespaces/${namespace}/guests/${guest}/status?dryRun=All`,
        contentType: "application/json",
        body: { ...mine, status: { ...mine?.status, step: "Starting" } },
      });
    expect(await write(host)).toMatch(/^200 /);
    expect(await write(other)).toMatch(/agent of its node alone/);
  });
});
