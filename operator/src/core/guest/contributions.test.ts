// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { contributionsOf } from "./contributions.ts";
import { defineFeature } from "./feature.ts";
import { features } from "./features/index.ts";
import { isNovaExtraSpec, isNovaImageProperty } from "./nova-keys.ts";

const refusal = (flavor: Record<string, string>, image: Record<string, string> = {}) => {
  const result = contributionsOf(flavor, image);
  return result.ok ? "accepted" : `${result.reason}: ${result.message}`;
};

describe("what a flavor and an image say", () => {
  test("is nothing when they say nothing", () => {
    expect(contributionsOf()).toEqual({ ok: true, contribution: {} });
  });

  test("becomes what the guest gets", () => {
    const image = {
      hw_firmware_type: "uefi",
      hw_machine_type: "pc-q35-10.0",
      hw_qemu_guest_agent: "yes",
      hw_rng_model: "virtio",
      os_shutdown_timeout: "90",
      os_type: "linux",
    };
    expect(contributionsOf({ "hw_rng:allowed": "False" }, image)).toEqual({
      ok: true,
      contribution: {
        firmware: "uefi",
        machineType: "pc-q35-10.0",
        hasGuestAgent: true,
        hasRng: false,
        shutdownTimeoutSeconds: 90,
        requiredTraits: ["COMPUTE_FIRMWARE_UEFI"],
      },
    });
  });

  test("leaves the version of q35 to the first host", () => {
    expect(contributionsOf({}, { hw_machine_type: "q35" })).toEqual({ ok: true, contribution: {} });
  });

  test.each([
    [{ "hw_rng:allowed": "maybe" }, {}, /FlavorInvalid: extra spec hw_rng:allowed: maybe: is not/],
    [{}, { hw_machine_type: "pc" }, /ImageInvalid: property hw_machine_type: pc: is not q35/],
    [{}, { hw_firmware_type: "efi" }, /ImageInvalid: property hw_firmware_type: efi/],
    [{}, { os_shutdown_timeout: "99999" }, /whole number of seconds/],
    [{}, { os_shutdown_timeout: "3601" }, /more than 3600/],
    [{}, { hw_architecture: "aarch64" }, /ImageInvalid/],
  ])("is refused when a value does not parse: %j %j", (flavor, image, message) => {
    expect(refusal(flavor, image)).toMatch(message);
  });

  test.each([
    [{ "resources:CUSTOM_FPGA": "1", "trait:HW_CPU_X86_AVX": "required" }, {}],
    [{ "resources_A:CUSTOM_FPGA": "1", "trait_A:CUSTOM_FAST": "avoided" }, {}],
    [{ "capabilities:hypervisor_type": "QEMU", "hw:cpu_policy": "shared" }, {}],
    [{ "aggregate_instance_extra_specs:disk": "<or> ssd <or> nvme" }, { os_type: "linux" }],
    [{}, { "trait:CUSTOM_X": "required", img_hv_type: "kvm", hw_vm_mode: "hvm" }],
    [{}, { img_hv_requested_version: ">=8.2, <11" }],
  ])("is accepted where it only decides where the guest runs: %j %j", (flavor, image) => {
    expect(refusal(flavor, image)).toBe("accepted");
  });

  test.each([
    [{ "trait:CUSTOM_X": "wanted" }, "is not one of required, forbidden, preferred, avoided"],
    [{ "resources:VGPU": "-1" }, "is not a whole number of at least 0"],
    [{ "resources:vgpu": "1" }, "resources:vgpu: vgpu is not of capitals, digits and _"],
    [{ "resources:MEMORY_MB": "64" }, "a server takes the memory that its pod requests"],
    [{ "resources:PCPU": "2" }, "CPUs of its own are not offered yet"],
    [{ "hw:cpu_policy": "dedicated" }, "is known but not acted on yet"],
    [{ "trait_A:CUSTOM_FAST": "required" }, "group _A has traits, but takes no resources"],
    [{ "resources_A:X": "1", "resources_B:X": "1" }, "group_policy has to be set"],
  ])("is refused where no host could be found by it: %j", (flavor, message) => {
    expect(refusal(flavor)).toContain(message);
  });

  test("is refused where flavor and image together ask for what cannot be", () => {
    expect(refusal({ "trait:HW_A": "required" }, { "trait:HW_A": "forbidden" })).toBe(
      "FlavorInvalid: trait HW_A is both required and forbidden",
    );
    expect(refusal({}, { img_hv_requested_version: "8" })).toContain("is not a list of conditions");
  });

  test.each(["hw:cpu_thread_policy", "hw:numa_mem.0", "hide_hypervisor_id"])(
    "is refused when nothing acts on the extra spec %s yet",
    (key) => {
      expect(refusal({ [key]: "1" })).toBe(
        `FlavorInvalid: extra spec ${key} is known but not acted on yet: leave it out`,
      );
    },
  );

  test.each(["hw_disk_bus", "os_secure_boot", "hw_numa_cpus.1"])(
    "is refused when nothing acts on the image property %s yet",
    (key) => expect(refusal({}, { [key]: "1" })).toMatch(/^ImageInvalid: property .* not acted on/),
  );

  test("is refused with the near matches when a namespace of Nova's has no such key", () => {
    expect(refusal({ "hw_rng:alowed": "true" })).toBe(
      "FlavorInvalid: extra spec hw_rng:alowed is not known; did you mean hw_rng:allowed?",
    );
  });

  test("is accepted where Nova accepts it: other namespaces, none, and unknown properties", () => {
    expect(refusal({ "acme:colour": "red", toString: "x" }, { acme_colour: "red" })).toBe(
      "accepted",
    );
  });
});

describe("a feature", () => {
  const colour = defineFeature({
    flavorKeys: { "hw:colour": z.enum(["red", "blue"]) },
    imageKeys: { hw_colour: z.enum(["red", "blue"]) },
    conflict: (flavor, image) =>
      image.hw_colour !== undefined && flavor["hw:colour"] !== image.hw_colour
        ? "the image wants another colour"
        : undefined,
    contribute: () => ({ hasRng: true }),
  });

  test("may say that flavor and image do not go together", () => {
    const agreed = contributionsOf({ "hw:colour": "red" }, { hw_colour: "red" }, [colour]);
    expect(agreed).toEqual({ ok: true, contribution: { hasRng: true } });
    const disputed = contributionsOf({ "hw:colour": "red" }, { hw_colour: "blue" }, [colour]);
    expect(disputed).toMatchObject({ ok: false, message: "the image wants another colour" });
  });

  test("that acts on a key has taken it off the list of those that nothing acts on", () => {
    const acted = features.flatMap((feature) => Object.keys(feature.flavorKeys));
    const properties = features.flatMap((feature) => Object.keys(feature.imageKeys));
    expect(acted.filter(isNovaExtraSpec)).toEqual([]);
    expect(properties.filter(isNovaImageProperty)).toEqual([]);
    expect(new Set(properties).size).toBe(properties.length);
  });
});
