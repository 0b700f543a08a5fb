// SPDX-License-Identifier: Apache-2.0

export interface TransportRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query. */
  readonly path: string;
  readonly body?: { readonly contentType: string; readonly value: unknown };
  /** For the whole answer; for a stream, until it begins. */
  readonly timeoutSeconds: number;
}

/** JSON over HTTP. Everything that goes wrong is a PortError, as the port KubeStore documents them. */
export interface Transport {
  /** The parsed body of a 2xx answer. */
  request(request: TransportRequest): Promise<unknown>;
  /** The lines of a 2xx answer as they come. Ends without an error when the signal aborts. */
  stream(request: TransportRequest, signal: AbortSignal): AsyncIterable<string>;
}
