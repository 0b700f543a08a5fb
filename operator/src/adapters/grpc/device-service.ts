// SPDX-License-Identifier: Apache-2.0
import type { Server, ServerWritableStream } from "@grpc/grpc-js";
import type { DeviceResource } from "../../ports/plugin-sockets.ts";
import {
  type allocateRequest,
  devicePluginService,
  type listAndWatchResponse,
} from "./device-plugin-protocol.ts";
import type { ValuesOf } from "./protobuf.ts";
import { unary } from "./socket-server.ts";

type Listener = ServerWritableStream<unknown, ValuesOf<typeof listAndWatchResponse>>;

/** A device plugin: the units of one resource, all of them the same device file. */
export class DeviceService {
  readonly #resource: DeviceResource;
  readonly #listeners = new Set<Listener>();
  #isHealthy = true;

  constructor(resource: DeviceResource) {
    this.#resource = resource;
  }

  addTo(server: Server): void {
    server.addService(devicePluginService, {
      GetDevicePluginOptions: unary(() => ({})),
      ListAndWatch: (call: Listener) => this.#listen(call),
      Allocate: unary((request: ValuesOf<typeof allocateRequest>) => this.#allocate(request)),
    });
  }

  setHealthy(isHealthy: boolean): void {
    if (isHealthy === this.#isHealthy) return;
    this.#isHealthy = isHealthy;
    for (const listener of this.#listeners) listener.write(this.#list());
  }

  /** The stream stays open: the kubelet takes its end for the end of the plugin. */
  #listen(call: Listener): void {
    this.#listeners.add(call);
    call.once("cancelled", () => this.#listeners.delete(call));
    call.once("close", () => this.#listeners.delete(call));
    call.write(this.#list());
  }

  #list(): ValuesOf<typeof listAndWatchResponse> {
    const health = this.#isHealthy ? "Healthy" : "Unhealthy";
    const units = Array.from({ length: this.#resource.count }, (_, unit) => String(unit));
    return { devices: units.map((id) => ({ id, health })) };
  }

  #allocate({ containerRequests }: ValuesOf<typeof allocateRequest>) {
    const file = { ...this.#resource.device, permissions: "rw" };
    return { containerResponses: containerRequests.map(() => ({ devices: [file] })) };
  }
}
