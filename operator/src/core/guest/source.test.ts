// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { aFlavor, anImage, aServer } from "../../testing/builders.ts";
import { takeSource } from "./source.ts";

const server = aServer();

describe("a server takes copies of its flavor and image", () => {
  test("with all that it is built from", () => {
    const flavor = aFlavor({ spec: { extraSpecs: { "hw_rng:allowed": "no" } } });
    const image = anImage({ spec: { minDiskGib: 2, properties: { hw_firmware_type: "uefi" } } });
    expect(takeSource(server, flavor, image)).toEqual({
      ok: true,
      flavor: {
        name: "m1.small",
        uid: flavor.metadata.uid,
        vcpus: 2,
        memoryMib: 1024,
        rootDiskGib: 10,
        extraSpecs: { "hw_rng:allowed": "no" },
      },
      image: {
        name: "debian",
        uid: image.metadata.uid,
        http: image.spec.source.http,
        format: "qcow2",
        minDiskGib: 2,
        minMemoryMib: 0,
        properties: { hw_firmware_type: "uefi" },
      },
    });
  });

  test("when the flavor is shared with its namespace", () => {
    const flavor = aFlavor({ spec: { access: { namespaces: ["other", "team"] } } });
    expect(takeSource(server, flavor, anImage()).ok).toBe(true);
  });

  test("when a root disk of 0 takes the image's own size", () => {
    const flavor = aFlavor({ spec: { rootDiskGib: 0 } });
    expect(takeSource(server, flavor, anImage({ spec: { minDiskGib: 20 } })).ok).toBe(true);
  });
});

describe("a server cannot be built", () => {
  const of = (flavor = aFlavor(), image = anImage()) => takeSource(server, flavor, image);

  test("without a flavor, and an unshared one reads the same as none", () => {
    const none = takeSource(server, undefined, anImage());
    expect(none).toMatchObject({ ok: false, reason: "FlavorNotFound" });
    expect(of(aFlavor({ spec: { access: { namespaces: ["other"] } } }))).toEqual(none);
  });

  test("without an image", () => {
    expect(takeSource(server, aFlavor(), undefined)).toMatchObject({ reason: "ImageNotFound" });
  });

  test("from a disabled flavor", () => {
    expect(of(aFlavor({ spec: { isDisabled: true } }))).toMatchObject({ reason: "FlavorDisabled" });
  });

  test("from an image that needs more than the flavor has", () => {
    const memory = of(aFlavor(), anImage({ spec: { minMemoryMib: 2048 } }));
    expect(memory).toMatchObject({
      reason: "ImageTooLarge",
      message:
        "image debian needs 2048 MiB of memory, not 1024: take a larger flavor than m1.small",
    });
    const disk = of(aFlavor(), anImage({ spec: { minDiskGib: 11 } }));
    expect(disk).toMatchObject({ reason: "ImageTooLarge" });
  });

  test("from an extra spec or a property that nothing acts on", () => {
    const flavor = aFlavor({ spec: { extraSpecs: { "hw:cpu_policy": "dedicated" } } });
    expect(of(flavor)).toMatchObject({ reason: "FlavorInvalid" });
    const image = anImage({ spec: { properties: { hw_disk_bus: "ide" } } });
    expect(of(aFlavor(), image)).toMatchObject({ reason: "ImageInvalid" });
  });

  test("from an image without a source", () => {
    expect(of(aFlavor(), anImage({ spec: { source: {} } }))).toMatchObject({
      reason: "ImageInvalid",
    });
  });
});
