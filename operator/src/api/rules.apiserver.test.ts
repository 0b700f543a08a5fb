// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoneApiServer } from "../../../hack/cluster/apiserver-only.ts";
import { absent, withField } from "../../../hack/gen/field-variants.ts";
import { type Answer, ApiServerClient, collectionPath } from "../testing/api-server-client.ts";
import { startApiServerWithCrds } from "../testing/api-server-with-crds.ts";
import { worldOf } from "../testing/doors.ts";
import type { KubeObject } from "./define-kind.ts";
import { kinds } from "./kinds.ts";
import { type Validation, validateUpdate } from "./validate.ts";

let server: LoneApiServer;
let client: ApiServerClient;

beforeAll(async () => {
  server = await startApiServerWithCrds();
  client = new ApiServerClient(server);
});

afterAll(async () => {
  client?.close();
  await server?.close();
});

type Change = readonly [
  kind: keyof typeof kinds,
  field: string,
  to: unknown,
  answer: RegExp | "ok",
];

const sshKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5";
const url = "https://images.example.org/debian.qcow2";
const checksum = `sha256:${"0".repeat(64)}`;
const secret = { name: "web-secrets", key: "key" };
const attached = { name: "back", networkAttachment: { name: "storage" } };

/** Updates of the complete objects, with the answer that users shall get. */
const changes: readonly Change[] = [
  ["server", "uuid", "00000000-0000-4000-8000-000000000000", /uuid is immutable: create another/],
  ["server", "uuid", absent, /uuid is immutable/],
  ["server", "flavor", "m1.large", "ok"],
  ["server", "flavor", "M1", /write an object's name: lower-case letters/],
  ["server", "hostname", "a_b", /write a host name or FQDN/],
  ["server", "sshKeys", [{ value: "nonsense" }], /write one line as in authorized_keys/],
  ["image", "source", { http: { url: "ftp://a/b", checksum } }, /write an http:\/\/ or https/],
  ["image", "source", { http: { url, checksum: "abc" } }, /write sha256: and the 64 digits/],
  ["server", "powerState", "Running", "ok"],
  ["server", "sshKeys", [{}], /sshKeys: give each either a value or a secret/],
  ["server", "sshKeys", [{ value: sshKey, secret }], /sshKeys: give each either/],
  ["server", "sshKeys", [{ secret }, { value: sshKey }], "ok"],
  ["server", "userData", {}, /userData: give either a value or a secret/],
  ["server", "userData", { value: "x", secret }, /userData: give either/],
  ["server", "userData", { value: "é".repeat(24_574) }, "ok"],
  ["server", "userData", { value: "é".repeat(24_575) }, /userData.value has at most 49149 bytes/],
  ["server", "serverGroup", "db", /serverGroup is immutable: create another Server/],
  ["server", "serverGroup", absent, /serverGroup is immutable/],
  ["server", "availabilityZone", absent, "ok"],
  ["server", "schedulerHints", absent, "ok"],
  ["server", "networks", absent, /networks is immutable: create another Server/],
  ["server", "networks", [{ name: "front" }], /networks: give each either pod or/],
  [
    "server",
    "networks",
    [{ name: "front", pod: {}, networkAttachment: { name: "storage" } }],
    /networks: give each either pod or/,
  ],
  [
    "server",
    "networks",
    [
      { name: "front", pod: {} },
      { name: "back", pod: {} },
    ],
    /networks: a pod has one network of its cluster/,
  ],
  ["server", "readinessProbe", absent, "ok"],
  ["server", "readinessProbe", { periodSeconds: 5 }, /readinessProbe: give one of tcpSocket/],
  [
    "server",
    "readinessProbe",
    { tcpSocket: { port: 22 }, guestAgentPing: {} },
    /readinessProbe: give one of tcpSocket/,
  ],
  ["server", "readinessProbe", { tcpSocket: { port: 22 } }, "ok"],
  [
    "server",
    "networks",
    [
      { name: "front", mac: "52:54:00:00:00:01", pod: {} },
      { name: "back", mac: "52:54:00:00:00:01", networkAttachment: { name: "storage" } },
    ],
    /networks: two of them have the same mac/,
  ],
  ["serverGroup", "policy", "affinity", /policy is immutable: create another ServerGroup/],
  ["serverGroup", "policy", "affinity", /maxServersPerHost: only policy anti-affinity/],
  ["serverGroup", "topology", "Host", /topology is immutable/],
  ["serverGroup", "maxServersPerHost", absent, /maxServersPerHost is immutable/],
  ["hostAggregate", "metadata", { availability_zone: "a" }, /set spec.availabilityZone instead/],
  ["hostAggregate", "metadata", { "trait:CUSTOM_A": "required" }, "ok"],
  ["hostAggregate", "nodeSelector", {}, "ok"],
  [
    "hostAggregate",
    "nodeSelector",
    { matchExpressions: [{ key: "a", operator: "In" }] },
    /matchExpressions: give values with In/,
  ],
  [
    "hostAggregate",
    "nodeSelector",
    { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] },
    /matchExpressions: give values with In/,
  ],
  [
    "hypervisor",
    "provider",
    { inventories: { VCPU: { total: 1 } } },
    /provider.inventories: the host itself reports/,
  ],
  ["hypervisor", "provider", { inventories: { license: { total: 1 } } }, /write classes in capit/],
  ["hypervisor", "provider", { inventories: { CUSTOM_LICENSE: { total: 1 } } }, "ok"],
  ["hypervisor", "provider", absent, "ok"],
  ["flavor", "vcpus", 3, /vcpus is immutable: create a Flavor of another name/],
  ["flavor", "memoryMib", 4096, /memoryMib is immutable/],
  ["flavor", "rootDiskGib", 21, /rootDiskGib is immutable/],
  ["flavor", "rootDiskGib", absent, /rootDiskGib is immutable/],
  ["flavor", "extraSpecs", { "hw:cpu_policy": "dedicated" }, /extraSpecs is immutable/],
  ["flavor", "extraSpecs", absent, /extraSpecs is immutable/],
  ["flavor", "extraSpecs", { "trait:HW_CPU_X86_AVX": "required", "hw:cpu_policy": "shared" }, "ok"],
  ["flavor", "description", absent, "ok"],
  ["flavor", "isDisabled", false, "ok"],
  ["flavor", "access", absent, "ok"],
  ["image", "source", {}, /name one source, for example source.http with url and checksum/],
  ["image", "format", "qcow2", /format is immutable: create an Image of another name/],
  ["image", "properties", absent, /properties is immutable/],
  ["image", "minDiskGib", 3, "ok"],
  ["guest", "token", 3, /token is immutable/],
  ["guest", "host", "node-2", /host is immutable/],
  ["guest", "runState", "Absent", "ok"],
];

/** The API server and its twin say the same. */
function expectAnswer(answer: RegExp | "ok", asked: Answer, twin: Validation): void {
  if (answer === "ok") {
    expect([asked.isOk, twin.ok]).toEqual([true, true]);
  } else {
    expect(asked.body.message).toMatch(answer);
    expect(twin.ok ? "" : twin.faults.join()).toMatch(answer);
  }
}

describe("rules", () => {
  test.each(changes)(
    "%s: change of %s to %j is answered by %s",
    async (name, field, to, answer) => {
      const { complete, update } = await worldOf(client, name);
      const object = withField(complete, ["spec", field], to) as KubeObject;
      const asked = await update.ask(object);
      const twin = update.twin(object);
      expectAnswer(answer, asked, twin);
    },
  );

  test.each([
    [{ tcpSocket: { port: 22 } }, [], /which the server is not on; use exec or guestAgentPing/],
    [{ httpGet: { port: 80 } }, [attached], /which the server is not on; use exec or guestAgent/],
    [{ httpGet: { port: 80 } }, [attached, { name: "front", pod: {} }], "ok"],
    [{ tcpSocket: { port: 22 } }, absent, "ok"],
    [{ guestAgentPing: {} }, [attached], "ok"],
  ] as const)("a new Server with probe %j and networks %j is answered by %s", async (...given) => {
    const [probe, networks, answer] = given;
    const { complete, create } = await worldOf(client, "server");
    const probed = withField(complete, ["spec", "readinessProbe"], probe);
    const object = withField(probed, ["spec", "networks"], networks) as KubeObject;
    const asked = await create.ask(object);
    const twin = create.twin(object);
    expectAnswer(answer, asked, twin);
  });

  test("a Guest that is Absent stays so", async () => {
    const path = collectionPath("guests", "default");
    const { complete } = await worldOf(client, "guest");
    const gone = withField(complete, ["spec", "runState"], "Absent") as KubeObject;
    const stored = await client.must("PUT", `${path}/complete`, gone);
    const back = withField(stored.body, ["spec", "runState"], "Running") as KubeObject;
    expect((await client.dryRun("PUT", `${path}/complete`, back)).body.message).toMatch(
      /Absent is final/,
    );
    expect(validateUpdate(kinds.guest, gone, back).ok).toBe(false);
  });

  test("an immutable field that was not set cannot be set later", async () => {
    const path = collectionPath("servers", "default");
    const { complete } = await worldOf(client, "server");
    const metadata = { name: "plain", namespace: "default" };
    const spec = withField(complete.spec, ["uuid"], absent);
    const plain = (await client.must("POST", path, { ...complete, metadata, spec })).body;
    const answer = await client.dryRun("PUT", `${path}/plain`, { ...plain, spec: complete.spec });
    expect(answer.body.message).toMatch(/uuid is immutable/);
    const twin = validateUpdate(kinds.server, plain, {
      ...plain,
      spec: complete.spec,
    });
    expect(twin.ok).toBe(false);
  });
});
