// SPDX-License-Identifier: Apache-2.0
import http from "node:http";
import https from "node:https";
import { PortError, TimedOut, Unavailable } from "../../ports/errors.ts";
import { linesOf, textOf } from "./body.ts";
import type { Endpoint } from "./endpoint.ts";
import { errorOfAnswer } from "./status-errors.ts";
import type { Transport, TransportRequest } from "./transport.ts";

const answerBytesMax = 128 * 1024 * 1024;
/** An object has at most 1.5 MiB in etcd; JSON and managedFields may double it. */
const lineBytesMax = 8 * 1024 * 1024;
const errorBytesMax = 64 * 1024;
const requestsMax = 32;
/** Shorter than the API server keeps idle connections, so that it is not the one who ends them. */
const idleMs = 60_000;
/** After this much silence the kernel asks ten times, a second apart, whether the peer lives. */
const keepAliveProbeMs = 15_000;

interface Answer {
  readonly message: http.IncomingMessage;
  readonly status: number;
}

/**
 * HTTP/1.1 over kept connections. A dead peer is noticed within half a minute, by TCP itself, also
 * on a watch that has nothing to say.
 */
export class HttpTransport implements Transport {
  readonly #endpoint: Endpoint;
  readonly #url: URL;
  readonly #request: typeof https.request;
  readonly #agent: http.Agent;
  /** Watches last: they must not use up the connections of requests. */
  readonly #streamAgent: http.Agent;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#url = new URL(endpoint.url);
    const { Agent, request } = this.#url.protocol === "https:" ? https : http;
    this.#request = request;
    const options = { ...endpoint.tls, keepAlive: true, keepAliveMsecs: keepAliveProbeMs };
    this.#agent = new Agent({ ...options, maxSockets: requestsMax, timeout: idleMs });
    this.#streamAgent = new Agent({ ...options, maxFreeSockets: 0 });
  }

  async request(request: TransportRequest): Promise<unknown> {
    const deadline = AbortSignal.timeout(request.timeoutSeconds * 1000);
    try {
      const { message, status } = await this.#send(request, this.#agent, deadline);
      if (!isSuccess(status)) throw await errorOf(message, status);
      return JSON.parse(await textOf(message, answerBytesMax));
    } catch (error) {
      throw portErrorOf(error, deadline, request.timeoutSeconds);
    }
  }

  async *stream(request: TransportRequest, signal: AbortSignal): AsyncGenerator<string> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), request.timeoutSeconds * 1000);
    const either = AbortSignal.any([signal, deadline.signal]);
    try {
      const { message, status } = await this.#send(request, this.#streamAgent, either);
      clearTimeout(timer);
      if (!isSuccess(status)) throw await errorOf(message, status);
      yield* linesOf(message, lineBytesMax);
    } catch (error) {
      if (!signal.aborted) throw portErrorOf(error, deadline.signal, request.timeoutSeconds);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks once more with new credentials after a 401: a token may have been replaced just now. */
  async #send(request: TransportRequest, agent: http.Agent, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#sendOnce(request, agent, signal);
    if (answer.status !== 401) return answer;
    answer.message.resume();
    this.#endpoint.forgetCredentials();
    return this.#sendOnce(request, agent, signal);
  }

  async #sendOnce(
    request: TransportRequest,
    agent: http.Agent,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { method, path, body } = request;
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body.value));
    const headers = {
      ...(await this.#endpoint.credentials()),
      accept: "application/json",
      "user-agent": "kilonova",
      ...(payload !== undefined && { "content-length": payload.length }),
      ...(body !== undefined && { "content-type": body.contentType }),
    };
    return new Promise((resolve, reject) => {
      const url = new URL(path, this.#url);
      const outgoing = this.#request(url, { method, headers, agent, signal }, (message) =>
        resolve({ message, status: message.statusCode ?? 0 }),
      );
      outgoing.on("error", reject);
      outgoing.end(payload);
    });
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

async function errorOf(message: http.IncomingMessage, status: number): Promise<PortError> {
  const body = await textOf(message, errorBytesMax);
  return errorOfAnswer(status, body, message.headers["retry-after"]);
}

function portErrorOf(error: unknown, deadline: AbortSignal, timeoutSeconds: number): PortError {
  if (error instanceof PortError) return error;
  if (deadline.aborted) {
    return new TimedOut(`the API server did not answer within ${timeoutSeconds} s`, error);
  }
  const cause = error instanceof Error ? error.message : String(error);
  return new Unavailable(`the API server cannot be reached: ${cause}`, error);
}
