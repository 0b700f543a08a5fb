// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { MethodDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeInfo, nodePublishVolumeRequest, probeResponse } from "./csi-protocol.ts";
import {
  allocateRequest,
  allocateResponse,
  listAndWatchResponse,
  registerRequest,
} from "./device-plugin-protocol.ts";
import { pluginInfo, registrationStatus } from "./plugin-registration-protocol.ts";
import { type Message, WireError } from "./protobuf.ts";

/** Another implementation of protocol buffers, which reads the same declarations as .proto text. */
const oracle = loadSync(join(import.meta.dirname, "testdata/plugins.proto"), {
  keepCase: true,
  defaults: true,
})["plugins.Oracle"] as unknown as Record<string, MethodDefinition<object, object>>;

interface Codec {
  readonly write: (value: object) => Uint8Array;
  readonly read: (bytes: Buffer) => object;
}

const requestOf = (method: string): Codec => ({
  write: oracle[method]!.requestSerialize,
  read: oracle[method]!.requestDeserialize,
});
const responseOf = (method: string): Codec => ({
  write: oracle[method]!.responseSerialize,
  read: oracle[method]!.responseDeserialize,
});

const text = fc.string({ unit: "grapheme", maxLength: 300 });
const texts = fc.array(text, { maxLength: 4 });
const map = fc.dictionary(fc.stringMatching(/^[a-z./]{1,12}$/), text, { noNullPrototype: true });
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 });

const cases: readonly [string, Message<never>, Codec, fc.Arbitrary<object>][] = [
  [
    "a registration of a device plugin",
    registerRequest as Message<never>,
    requestOf("Register"),
    fc.record({
      version: text,
      endpoint: text,
      resourceName: text,
      options: fc.record({
        preStartRequired: fc.boolean(),
        getPreferredAllocationAvailable: fc.boolean(),
      }),
    }),
  ],
  [
    "a request for devices",
    allocateRequest as Message<never>,
    requestOf("Allocate"),
    fc.record({ containerRequests: list(fc.record({ deviceIds: texts })) }),
  ],
  [
    "devices that were given",
    allocateResponse as Message<never>,
    responseOf("Allocate"),
    fc.record({
      containerResponses: list(
        fc.record({
          devices: list(fc.record({ containerPath: text, hostPath: text, permissions: text })),
        }),
      ),
    }),
  ],
  [
    "a list of devices",
    listAndWatchResponse as Message<never>,
    responseOf("ListAndWatch"),
    fc.record({ devices: list(fc.record({ id: text, health: text })) }),
  ],
  [
    "what a plugin is",
    pluginInfo as Message<never>,
    responseOf("GetInfo"),
    fc.record({ type: text, name: text, endpoint: text, supportedVersions: texts }),
  ],
  [
    "how a registration went",
    registrationStatus as Message<never>,
    requestOf("GetInfo"),
    fc.record({ pluginRegistered: fc.boolean(), error: text }),
  ],
  [
    "whether a driver is ready",
    probeResponse as Message<never>,
    responseOf("Probe"),
    fc.record({ ready: fc.record({ value: fc.boolean() }) }),
  ],
  [
    "a volume to be published",
    nodePublishVolumeRequest as Message<never>,
    requestOf("Publish"),
    fc.record({ targetPath: text, volumeContext: map }),
  ],
  [
    "what a node is",
    nodeInfo as Message<never>,
    responseOf("Publish"),
    fc.record({ nodeId: text }),
  ],
];

describe.each(cases)("%s", (_, message, codec, values) => {
  test("is read by another implementation as it was meant", () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = Buffer.from(message.encode(value as never));
        expect(codec.read(bytes)).toMatchObject(value);
      }),
    );
  });

  test("is understood when another implementation wrote it", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(message.decode(codec.write(value))).toEqual(value);
      }),
    );
  });
});

describe("a message", () => {
  test("may have fields that are not known here", () => {
    const volumeCapability = {
      mount: { fsType: "ext4", mountFlags: ["ro"] },
      accessMode: { mode: 1 },
    };
    const secrets = { password: "x" };
    const sent = { volumeId: "v", volumeCapability, readonly: true, secrets, targetPath: "/t" };
    expect(nodePublishVolumeRequest.decode(requestOf("Publish").write(sent))).toEqual({
      targetPath: "/t",
      volumeContext: {},
    });
  });

  test("of nothing has defaults only", () => {
    expect(registerRequest.decode(new Uint8Array())).toEqual({
      version: "",
      endpoint: "",
      resourceName: "",
      options: undefined,
    });
    expect(registerRequest.encode({})).toHaveLength(0);
  });

  test("that is none is refused with a typed error, or read as something, but never otherwise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          nodePublishVolumeRequest.decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("that was cut off anywhere inside a field is refused", () => {
    const whole = nodePublishVolumeRequest.encode({
      targetPath: "/a/b",
      volumeContext: { guest: "g" },
    });
    expect(() => nodePublishVolumeRequest.decode(whole.subarray(0, -1))).toThrow(WireError);
    expect(() => nodePublishVolumeRequest.decode(Uint8Array.of(0x0a))).toThrow(WireError);
    expect(() => nodePublishVolumeRequest.decode(new Uint8Array(11).fill(0x80))).toThrow(WireError);
  });
});
