// SPDX-License-Identifier: Apache-2.0
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HealthServerOptions {
  /** Address to listen on, for example `0.0.0.0` or `127.0.0.1`. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Answers a GET of a path. */
  respond(path: string): Promise<{
    readonly status: number;
    readonly contentType: string;
    readonly body: string;
  }>;
}

export interface HealthServer {
  readonly port: number;
  /** Ends at once, open connections included. */
  close(): Promise<void>;
}

/** Serves `respond` over HTTP, without state and with small bounds. Rejects when it cannot listen. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer(
    { maxHeaderSize: 8192, requestTimeout: 10_000 },
    (request, response) => {
      const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
      if (request.method !== "GET") return end(response, 405, "only GET\n");
      options.respond(path).then(
        (reply) => end(response, reply.status, reply.body, reply.contentType),
        () => end(response, 500, "failed\n"),
      );
    },
  );
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function end(response: ServerResponse, status: number, body: string, type = "text/plain"): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
