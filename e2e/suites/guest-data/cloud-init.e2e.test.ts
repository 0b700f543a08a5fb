// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridge } from "../../../hack/cluster/layout.ts";
import { apiVersion } from "../../../operator/src/api/define-kind.ts";
import { label } from "../../../operator/src/api/names.ts";
import { buildDebian } from "../../guests/debian/build.ts";
import { bridgedNetwork } from "../../framework/attachment.ts";
import { type ImageServer, serveImage } from "../../framework/image-server.ts";
import { SshKey } from "../../framework/ssh.ts";
import { serviceOf } from "../../framework/services.ts";
import { Tenant } from "../../framework/tenant.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-guest-data";
const hostname = "web-1.example.org";
/** A Debian boots slowly without KVM, and more so beside other guests. */
const bootSecondsMax = 420;
const dataMac = "52:54:00:08:01:07";
const dataAddress = "10.8.1.7/24";
const userData = `#!/bin/sh
echo run >> /root/user-data-runs
`;

describe("a Debian with cloud-init", () => {
  let tenant: Tenant;
  let images: ImageServer;
  let key: SshKey;
  let otherKey: SshKey;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    const { qcow2, sha256 } = await buildDebian();
    images = await serveImage(qcow2, bridge.address);
    [key, otherKey] = [await SshKey.make(), await SshKey.make()];
    await tenant.apply(
      {
        apiVersion,
        kind: "Flavor",
        metadata: { name: "e2e.debian" },
        spec: { vcpus: 1, memoryMib: 384, rootDiskGib: 2 },
      },
      {
        apiVersion,
        kind: "Image",
        metadata: { name: "debian", namespace },
        spec: {
          source: { http: { url: images.url, checksum: `sha256:${sha256}` } },
          properties: { hw_qemu_guest_agent: "yes" },
        },
      },
      bridgedNetwork(namespace, "storage"),
      serviceOf(tenant, "web", { [label.server]: "web" }, 22),
    );
  });

  afterAll(async () => {
    await tenant.remove();
    await tenant.kubectl("delete", "flavor", "e2e.debian", "--ignore-not-found");
    await images.close();
    for (const each of [key, otherKey]) await each.remove();
  });

  async function putSecret(publicKey: string): Promise<void> {
    await tenant.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "web", namespace },
      stringData: { "id.pub": `${publicKey}\n`, "user-data": userData },
    });
  }

  async function untilBooted(count: number): Promise<string> {
    const guestConsole = await tenant.console("web");
    return guestConsole.until(/KILONOVA-GUEST ready/, { count, timeoutSeconds: bootSecondsMax });
  }

  /** In the guest, through the Service, from a node that the guest is not on. */
  async function ask(command: string, by = key): Promise<string | undefined> {
    const host = (await tenant.server("web")).status?.hypervisor;
    const { nodes } = await tenant.world.cluster.status();
    const name = nodes.find((node) => node.name !== host)?.name ?? "";
    const address = await tenant.kubectl(
      ...["get", "service", "-n", namespace, "web", "-o", "jsonpath={.spec.clusterIP}"],
    );
    return by.tryRun(tenant.world.cluster.node(name), address, command);
  }

  async function untilLetIn(): Promise<void> {
    const isLetIn = async (): Promise<boolean> => (await ask("true")) !== undefined;
    await until("there is a way in", isLetIn, { timeoutSeconds: 150 });
  }

  test("waits for a Secret, says which, and goes on when it is made", async () => {
    const secret = (name: string) => ({ secret: { name: "web", key: name } });
    await tenant.createServer("web", {
      flavor: "e2e.debian",
      image: { name: "debian" },
      hostname,
      sshKeys: [secret("id.pub")],
      userData: secret("user-data"),
      metadata: { role: "web" },
      networks: [
        { name: "front", pod: {} },
        {
          name: "data",
          mac: dataMac,
          networkAttachment: { name: "storage", address: dataAddress },
        },
      ],
    });
    const waiting = await tenant.untilServer(
      "web",
      "waits for the Secret",
      ({ status }) =>
        status?.conditions?.some(({ reason }) => reason === "MetadataIncomplete") ?? false,
    );
    const ready = waiting.status?.conditions?.find(({ type }) => type === "Ready");
    expect(ready?.message).toContain("spec.sshKeys[0]: Secret web, key id.pub is not there");
    await putSecret(key.publicKey);
    // The kubelet looks for a Secret that was missing every minute or so.
    await tenant.untilPhase("web", "ACTIVE", 180);
  });

  test("has its host name, whole, and its uuid as its instance", { timeout: 480_000 }, async () => {
    const { uid } = (await tenant.server("web")).metadata;
    expect(await untilBooted(1)).toContain(`ready ${hostname} `);
    expect(await untilBooted(1)).toContain(`boots=1 instance=${uid}`);
  });

  test("lets the key of the Secret in, by a Service and from another node", async () => {
    await untilLetIn();
    expect(await ask("hostname --fqdn")).toBe(`${hostname}\n`);
    expect(await ask("true", otherKey)).toBeUndefined();
  });

  test("is told the same by the metadata service as by its config drive", async () => {
    const script = `import json, subprocess, urllib.request
base = "http://169.254.169.254/openstack/latest/"
get = lambda name: urllib.request.urlopen(base + name, timeout=20).read()
subprocess.run("mkdir -p /mnt/c && mount -o ro LABEL=config-2 /mnt/c", shell=True, check=True)
drive = lambda name: open("/mnt/c/openstack/latest/" + name, "rb").read()
one, other = json.loads(get("meta_data.json")), json.loads(drive("meta_data.json"))
print(one.pop("random_seed") != other.pop("random_seed"), one == other, one["meta"],
      get("user_data") == drive("user_data"), get("network_data.json") == drive("network_data.json"))`;
    const encoded = Buffer.from(script).toString("base64");
    const answer = await ask(`echo ${encoded} | base64 -d | sudo python3 -`);
    expect(answer).toBe("True True {'role': 'web'} True True\n");
  });

  test("has both its networks as its network data say", async () => {
    const { addresses = [] } = (await tenant.server("web")).status ?? {};
    const macs = new Set(addresses.map(({ mac }) => mac));
    expect(macs.size).toBe(2);
    const settings = (await ask("sudo cat /etc/systemd/network/10-cloud-init-*.network")) ?? "";
    const named = [...settings.matchAll(/^MACAddress=(\S+)$/gm)].map(([, mac]) => mac);
    expect(new Set(named)).toEqual(macs);
    const cards = (await ask("ip -4 -oneline address; ip -oneline link")) ?? "";
    const [, card] = new RegExp(`^\\d+: (\\S+): .*${dataMac}`, "m").exec(cards) ?? [];
    expect(cards).toMatch(new RegExp(`^\\d+: ${card} +inet ${dataAddress} `, "m"));
    expect(await ask("ip route show default")).toContain("via 10.0.2.1 ");
  });

  test("does nothing of a first boot at the next", { timeout: 480_000 }, async () => {
    await putSecret(otherKey.publicKey);
    expect(await ask("sudo cat /root/user-data-runs")).toBe("run\n");
    await tenant.patchServer("web", { powerState: "Stopped" });
    await tenant.untilPhase("web", "SHUTOFF", 120);
    await tenant.patchServer("web", { powerState: "Running" });
    await untilBooted(2);
    await untilLetIn();
    expect(await ask("sudo cat /root/user-data-runs")).toBe("run\n");
    expect(await ask("true", otherKey)).toBeUndefined();
  });
});
