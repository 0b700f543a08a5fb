// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SourcePolicy } from "../../core/image/source-address.ts";
import { type DownloadOptions, downloadImage } from "./image-download.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const here: SourcePolicy = { refused: [], allowed: ["127.0.0.1"] };
const patient: DownloadOptions = { windowSeconds: 30, windowBytesMin: 1000 };
const impatient: DownloadOptions = { windowSeconds: 0.5, windowBytesMin: 1000 };
const image = Buffer.alloc(300_000, "image");

let server: Server;
let handler: Handler;
let requests: string[];
let base: string;

beforeEach(async () => {
  requests = [];
  handler = (_, response) => response.end(image);
  server = createServer((request, response) => {
    requests.push(request.url ?? "");
    handler(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function download(url: string, policy = here, options = patient): Promise<Buffer> {
  const output = new PassThrough();
  const bytesMax = 1_000_000;
  const [, bytes] = await Promise.all([
    downloadImage({ url, bytesMax, policy }, output, options).catch((error: unknown) => {
      output.destroy();
      throw error;
    }),
    buffer(output).catch(() => Buffer.alloc(0)),
  ]);
  return bytes;
}

/** Sends the client elsewhere when it comes, and serves the image at `/image`. */
function redirect(targets: readonly string[]): Handler {
  const left = [...targets];
  return (_, response) => {
    const location = left.shift();
    if (location === undefined) response.end(image);
    else response.writeHead(302, { location }).end();
  };
}

describe("a download", () => {
  test("brings every byte", async () => {
    expect((await download(`${base}/a`)).equals(image)).toBe(true);
  });

  test("follows redirects, relative ones too, a few times", async () => {
    handler = redirect(["/b", `${base}/c`]);
    expect((await download(`${base}/a`)).equals(image)).toBe(true);
    expect(requests).toEqual(["/a", "/b", "/c"]);
    handler = redirect(Array.from({ length: 9 }, () => "/again"));
    await expect(download(`${base}/a`)).rejects.toMatchObject({
      reason: "ImageFetchFailed",
      message: expect.stringContaining("sends to more than 5 other places") as string,
    });
  });

  test("connects to the address that was checked, whatever the name means", async () => {
    const { port } = server.address() as AddressInfo;
    const both = { refused: [], allowed: ["127.0.0.1", "::1"] };
    expect((await download(`http://localhost:${port}/a`, both)).equals(image)).toBe(true);
  });

  test.each([
    ["http://127.0.0.1:1/", "127.0.0.1"],
    ["http://localhost:1/", "localhost"],
    ["http://[::1]:1/", "::1"],
    ["http://[::ffff:7f00:1]:1/", "::ffff:7f00:1"],
    ["http://2130706433:1/", "127.0.0.1"],
    ["http://0x7f.1:1/", "127.0.0.1"],
    ["http://169.254.169.254/latest/meta-data", "169.254.169.254"],
  ])("from %s is refused, and nothing is connected to", async (url, host) => {
    await expect(download(url, { refused: [], allowed: [] })).rejects.toMatchObject({
      reason: "ImageSourceRefused",
      message: expect.stringContaining(host) as string,
    });
  });

  test.each(["http://169.254.169.254/", "http://10.96.0.1/", "http://[fe80::1]/", "file:///etc"])(
    "that is redirected to %s is refused there",
    async (location) => {
      handler = redirect([location]);
      const policy = { ...here, refused: ["10.96.0.0/12"] };
      await expect(download(`${base}/a`, policy)).rejects.toMatchObject({
        reason: "ImageSourceRefused",
      });
      expect(requests).toEqual(["/a"]);
    },
  );

  test.each([
    ["an error status", (_, response) => response.writeHead(503).end(), /status 503/],
    ["a part of a file", (_, response) => response.writeHead(206).end("x"), /status 206/],
    ["a redirect to nowhere", (_, response) => response.writeHead(302).end(), /status 302/],
    [
      "a body that is cut off",
      (_, response) => {
        response.writeHead(200, { "content-length": 300_000 });
        response.write(image.subarray(0, 5000), () => response.destroy());
      },
      /aborted|socket hang up|ECONNRESET/,
    ],
    [
      "a chunked body that is cut off",
      (_, response) => {
        response.write(image.subarray(0, 5000), () => response.destroy());
      },
      /aborted|socket hang up|ECONNRESET/,
    ],
    [
      "more bytes than it declares room for",
      (_, response) => {
        response.writeHead(200, { "content-length": 2_000_000 }).end();
      },
      /larger than the 1000000 bytes/,
    ],
    [
      "more bytes than there is room for",
      (_, response) => {
        for (let part = 0; part < 5; part += 1) response.write(image);
        response.end();
      },
      /larger than the 1000000 bytes/,
    ],
  ] satisfies [string, Handler, RegExp][])("fails at %s", async (_, serve, message) => {
    handler = serve;
    await expect(download(`${base}/a`)).rejects.toMatchObject({
      reason: "ImageFetchFailed",
      message: expect.stringMatching(message) as string,
    });
  });

  test.each([
    [
      "a body that comes too slowly",
      (_, response) => response.write(image.subarray(0, 10)),
      /less than 1000 bytes came within 0.5 s/,
    ],
    ["no answer", () => {}, /did not answer within 0.5 s/],
  ] satisfies [string, Handler, RegExp][])(
    "does not wait long at %s",
    async (_, serve, message) => {
      handler = serve;
      await expect(download(`${base}/a`, here, impatient)).rejects.toMatchObject({
        reason: "ImageFetchFailed",
        message: expect.stringMatching(message) as string,
      });
    },
  );

  test("fails when nobody listens", async () => {
    server.close();
    await expect(download(`${base}/a`)).rejects.toMatchObject({ reason: "ImageFetchFailed" });
  });
});
