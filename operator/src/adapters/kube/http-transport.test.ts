// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Conflict, PortError, Refused, TimedOut, Unavailable } from "../../ports/errors.ts";
import { errorOf } from "../../testing/kube-store-world.ts";
import { HttpTransport } from "./http-transport.ts";
import { textOf } from "./body.ts";

const get = { method: "GET", path: "/x", timeoutSeconds: 5 } as const;
const forever = new AbortController().signal;

describe("the transport", () => {
  let server: Server;
  let transport: HttpTransport;
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown;
  let requests: IncomingMessage[];
  let tokens: string[];

  beforeEach(async () => {
    requests = [];
    tokens = ["first", "second"];
    server = createServer((request, response) => {
      requests.push(request);
      handle(request, response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    transport = new HttpTransport({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      tls: {},
      credentials: async () => ({ authorization: `Bearer ${tokens[0]}` }),
      forgetCredentials: () => void tokens.shift(),
    });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const answer = (response: ServerResponse, code: number, body: unknown): void => {
    response.writeHead(code, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
  async function read(signal = forever, timeoutSeconds = 5): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of transport.stream({ ...get, timeoutSeconds }, signal)) lines.push(line);
    return lines;
  }

  describe("for a request", () => {
    test("sends what is to be sent, and who asks", async () => {
      let body = "";
      handle = async (request, response) => {
        body = await textOf(request, 1000);
        answer(response, 201, { made: true });
      };
      const value = { spec: { note: "größer" } };
      const result = await transport.request({
        method: "POST",
        path: "/api/v1/things?fieldManager=me",
        body: { contentType: "application/json", value },
        timeoutSeconds: 5,
      });
      expect(result).toEqual({ made: true });
      expect(JSON.parse(body)).toEqual(value);
      expect(requests[0]).toMatchObject({
        method: "POST",
        url: "/api/v1/things?fieldManager=me",
        headers: {
          authorization: "Bearer first",
          accept: "application/json",
          "content-type": "application/json",
          "content-length": String(Buffer.byteLength(body)),
        },
      });
    });

    test("keeps its connection for the next one", async () => {
      handle = (_, response) => answer(response, 200, {});
      await transport.request(get);
      await transport.request(get);
      expect(requests[0]?.socket).toBe(requests[1]?.socket);
    });

    test("throws what a Status says", async () => {
      const status = { kind: "Status", code: 409, reason: "Conflict", message: "it changed" };
      handle = (_, response) => answer(response, 409, status);
      const error = await errorOf(transport.request(get));
      expect(error).toBeInstanceOf(Conflict);
      expect(error).toMatchObject({ message: "it changed" });
    });

    test("asks once more with new credentials when they were not accepted", async () => {
      handle = (request, response) => {
        const isGood = request.headers.authorization === "Bearer second";
        answer(response, isGood ? 200 : 401, isGood ? { ok: true } : "{}");
      };
      expect(await transport.request(get)).toEqual({ ok: true });
      expect(requests).toHaveLength(2);
    });

    test("gives up when the new credentials are not accepted either", async () => {
      const status = { kind: "Status", code: 401, reason: "Unauthorized", message: "who?" };
      handle = (_, response) => answer(response, 401, status);
      const error = await errorOf(transport.request(get));
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({ reason: "Unauthorized" });
      expect(requests).toHaveLength(2);
    });

    test("times out without an answer, and within one", async () => {
      const hurried = { ...get, timeoutSeconds: 0.05 };
      handle = () => undefined;
      expect(await errorOf(transport.request(hurried))).toBeInstanceOf(TimedOut);
      handle = (_, response) => response.write("{");
      expect(await errorOf(transport.request(hurried))).toBeInstanceOf(TimedOut);
    });

    test("is Unavailable when the connection breaks, and when nobody listens", async () => {
      handle = (_, response) => {
        response.write('{"half":');
        setTimeout(() => response.destroy(), 10);
      };
      expect(await errorOf(transport.request(get))).toBeInstanceOf(Unavailable);
      handle = (request) => request.socket.destroy();
      expect(await errorOf(transport.request(get))).toBeInstanceOf(Unavailable);
      server.close();
      const error = await errorOf(transport.request(get));
      expect(error).toBeInstanceOf(Unavailable);
      expect(error).toMatchObject({ message: expect.stringContaining("ECONNREFUSED") });
    });

    test("is Unavailable when the answer is not JSON", async () => {
      handle = (_, response) => answer(response, 200, "<html>");
      expect(await errorOf(transport.request(get))).toBeInstanceOf(Unavailable);
    });

    test("bounds what it reads of an error", async () => {
      handle = (_, response) => answer(response, 500, "x".repeat(100_000));
      const error = await errorOf(transport.request(get));
      expect(error).toBeInstanceOf(PortError);
      expect(error).toMatchObject({ reason: "TooLong" });
    });
  });

  describe("for a stream", () => {
    test("tells lines as they come, and ends with the answer", async () => {
      handle = (_, response) => {
        response.write('{"a":1}\n{"b"');
        setTimeout(() => response.end(":2}\n"), 10);
      };
      expect(await read()).toEqual(['{"a":1}', '{"b":2}']);
    });

    test("may be silent for longer than its beginning may take", async () => {
      handle = (_, response) => {
        response.flushHeaders();
        setTimeout(() => response.end("late\n"), 150);
      };
      expect(await read(forever, 0.1)).toEqual(["late"]);
    });

    test("times out when it does not begin", async () => {
      handle = () => undefined;
      expect(await errorOf(read(forever, 0.05))).toBeInstanceOf(TimedOut);
    });

    test("ends without an error when it is aborted: before, at and after its beginning", async () => {
      handle = () => undefined;
      expect(await read(AbortSignal.abort())).toEqual([]);
      const early = new AbortController();
      setTimeout(() => early.abort(), 20);
      expect(await read(early.signal)).toEqual([]);
      const late = new AbortController();
      handle = (_, response) => {
        response.write("line\n");
        setTimeout(() => late.abort(), 20);
      };
      expect(await read(late.signal)).toEqual(["line"]);
    });

    test("closes its connection when the reader stops", async () => {
      const closed = new Promise<void>((resolve) => {
        handle = (request, response) => {
          request.socket.once("close", () => resolve());
          response.write("one\ntwo\n");
        };
      });
      for await (const line of transport.stream(get, forever)) {
        expect(line).toBe("one");
        break;
      }
      await closed;
    });

    test("is Unavailable when the connection breaks", async () => {
      handle = (_, response) => {
        response.write("line\n");
        setTimeout(() => response.destroy(), 10);
      };
      expect(await errorOf(read())).toBeInstanceOf(Unavailable);
    });

    test("throws what a Status says", async () => {
      const status = { kind: "Status", code: 403, reason: "Forbidden", message: "no rights" };
      handle = (_, response) => answer(response, 403, status);
      expect(await errorOf(read())).toMatchObject({ reason: "Forbidden", message: "no rights" });
    });
  });
});
