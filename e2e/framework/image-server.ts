// SPDX-License-Identifier: Apache-2.0
/** An HTTP server for images on the cluster's bridge address, with faults that a test can switch on. */
import { createReadStream, statSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ImageServer {
  readonly url: string;
  /** How often the body was asked for. */
  readonly downloads: number;
  /** The next requests fail in this way. */
  fault: "none" | "not-found" | "truncated" | "redirect-to-loopback";
  close(): Promise<void>;
}

export async function serveImage(path: string, address: string): Promise<ImageServer> {
  const state = { downloads: 0, fault: "none" as ImageServer["fault"] };
  const server = createServer((request, response) => {
    if (request.method === "GET") state.downloads += 1;
    answer(path, state.fault, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}/image.qcow2`,
    get downloads() {
      return state.downloads;
    },
    get fault() {
      return state.fault;
    },
    set fault(value) {
      state.fault = value;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function answer(path: string, fault: ImageServer["fault"], response: ServerResponse): void {
  if (fault === "not-found") {
    response.writeHead(404).end("no such image\n");
    return;
  }
  if (fault === "redirect-to-loopback") {
    response.writeHead(302, { location: "http://127.0.0.1:10250/" }).end();
    return;
  }
  const { size } = statSync(path);
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": size });
  const end = fault === "truncated" ? Math.floor(size / 2) : size - 1;
  createReadStream(path, { end })
    .on("end", () => fault === "truncated" && response.destroy())
    .pipe(response, { end: fault !== "truncated" });
}
