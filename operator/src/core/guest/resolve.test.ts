// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { guestSpecSchema } from "../../api/v1alpha1/guest.ts";
import { aFlavor, anImage, aServer } from "../../testing/builders.ts";
import { domainOf, newGuest } from "./resolve.ts";
import { takeSource, type Source } from "./source.ts";

function sourceOf(flavor = aFlavor(), image = anImage()): Source {
  const source = takeSource(aServer(), flavor, image);
  if (!source.ok) throw new Error(source.message);
  return source;
}

const server = aServer();
const run = { token: 3, guest: "web-5e12e-3", host: "node-2", state: "Granted" } as const;
const incarnation = {
  server,
  run,
  source: sourceOf(),
  machine: { uid: 1_000_700_005 },
  claim: { VCPU: 2, MEMORY_MB: 1184, DISK_GB: 10 },
};

describe("the Guest of an incarnation", () => {
  const guest = newGuest(incarnation);

  test("fits its schema and leaves nothing to choose", () => {
    expect(guestSpecSchema.parse(guest.spec)).toEqual(guest.spec);
    expect(guest.spec).toMatchObject({ host: "node-2", token: 3, uid: 1_000_700_005 });
    expect(guest.spec.domain).toMatchObject({ firmware: "bios", hasRng: true, machine: {} });
  });

  test("is owned by its Server, found by label, and held by the finalizer", () => {
    expect(guest.metadata).toMatchObject({
      name: "web-5e12e-3",
      namespace: "team",
      labels: { "kilonova.io/server-uid": server.metadata.uid, "kilonova.io/server": "web" },
      finalizers: ["kilonova.io/guest"],
      ownerReferences: [{ kind: "Server", name: "web", uid: server.metadata.uid }],
    });
  });

  test("is powered on for the first time, unless the server shall be stopped", () => {
    expect(guest.spec).toMatchObject({ runState: "Running", boot: 1 });
    const stopped = newGuest({
      ...incarnation,
      server: aServer({ spec: { powerState: "Stopped" } }),
    });
    expect(stopped.spec).toMatchObject({ runState: "Stopped", boot: 0 });
  });

  test("is shut down as Nova does, or as its image asks", () => {
    expect(guest.spec.shutdown).toEqual({ timeoutSeconds: 60, retryIntervalSeconds: 10 });
    const image = anImage({ spec: { properties: { os_shutdown_timeout: "5" } } });
    const quick = newGuest({ ...incarnation, source: sourceOf(aFlavor(), image) });
    expect(quick.spec.shutdown.timeoutSeconds).toBe(5);
  });
});

describe("the domain", () => {
  test.each([
    [4, { "hw:vif_multiqueue_enabled": "true" }, {}, 4],
    [4, {}, { hw_vif_multiqueue_enabled: "yes" }, 4],
    [300, { "hw:vif_multiqueue_enabled": "true" }, {}, 256],
    [1, { "hw:vif_multiqueue_enabled": "true" }, {}, undefined],
    [4, { "hw:vif_multiqueue_enabled": "false" }, {}, undefined],
    [4, {}, {}, undefined],
  ])(
    "of %i vCPUs with %j and %j has %j pairs of queues",
    (vcpus, extraSpecs, properties, pairs) => {
      const source = sourceOf(
        aFlavor({ spec: { vcpus, extraSpecs } }),
        anImage({ spec: { properties } }),
      );
      expect(domainOf(server, source, {}).networkQueues).toBe(pairs);
    },
  );

  test("has the uuid and host name of the spec, or of the object", () => {
    expect(domainOf(server, incarnation.source, {})).toMatchObject({
      uuid: server.metadata.uid,
      hostname: "web",
    });
    const uuid = "11111111-2222-4333-8444-555555555555";
    const named = aServer({ spec: { uuid, hostname: "web.example.org" } });
    expect(domainOf(named, incarnation.source, {})).toMatchObject({
      uuid,
      hostname: "web.example.org",
    });
  });

  test("keeps what the first boot froze, whatever the image says", () => {
    const image = anImage({
      spec: { properties: { hw_machine_type: "pc-q35-9.0", hw_firmware_type: "uefi" } },
    });
    const source = sourceOf(aFlavor(), image);
    expect(domainOf(server, source, {})).toMatchObject({
      firmware: "uefi",
      machine: { type: "pc-q35-9.0" },
    });
    const frozen = { type: "pc-q35-10.0", firmware: "bios", virtType: "kvm", uid: 7 } as const;
    expect(domainOf(server, source, frozen)).toMatchObject({
      firmware: "bios",
      machine: { type: "pc-q35-10.0", firmware: "bios", virtType: "kvm" },
    });
  });
});
