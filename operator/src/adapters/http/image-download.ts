// SPDX-License-Identifier: Apache-2.0
import { lookup as resolve } from "node:dns/promises";
import http, { type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isAllowedSource, type SourcePolicy } from "../../core/image/source-address.ts";
import { PortError, Refused } from "../../ports/errors.ts";

export interface DownloadRequest {
  readonly url: string;
  readonly bytesMax: number;
  readonly policy: SourcePolicy;
}

export interface DownloadOptions {
  /** An answer, and each {@link windowBytesMin} of its body, have to come within this time. */
  readonly windowSeconds: number;
  readonly windowBytesMin: number;
}

const redirectsMax = 5;
const redirections: readonly unknown[] = [301, 302, 303, 307, 308];
const defaults: DownloadOptions = { windowSeconds: 30, windowBytesMin: 2 ** 20 };

/**
 * Writes what an http or https URL serves to `output`. Names are resolved here, every address is
 * checked, and a checked one is connected to, again after each redirect: a name that means another
 * address a moment later is of no use. Throws Refused `ImageSourceRefused` or `ImageFetchFailed`.
 */
export async function downloadImage(
  request: DownloadRequest,
  output: Writable,
  options: DownloadOptions = defaults,
): Promise<void> {
  try {
    const response = await followRedirects(request, options);
    const declared = Number(response.headers["content-length"] ?? 0);
    if (declared > request.bytesMax) throw tooLarge(request);
    await pipeline(response, bounded(request), paced(response, options), output);
  } catch (error) {
    if (error instanceof PortError) throw error;
    throw failed((error as Error).message, error);
  }
}

async function followRedirects(
  { url, policy }: DownloadRequest,
  options: DownloadOptions,
): Promise<IncomingMessage> {
  let target = new URL(url);
  for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
    const response = await open(target, await checkedAddress(target, policy), options);
    const { location } = response.headers;
    if (response.statusCode === 200) return response;
    response.destroy();
    if (!redirections.includes(response.statusCode) || location === undefined) {
      throw failed(statusFault(target, response.statusCode));
    }
    target = new URL(location, target);
  }
  throw failed(`${new URL(url).host} sends to more than ${redirectsMax} other places`);
}

/** Without the query, which may hold a secret. */
function statusFault({ origin, pathname }: URL, status: number | undefined): string {
  const cure = "put the file there, or make an Image with the right url and the server from that";
  return `${origin}${pathname} answered with status ${status}: ${cure}`;
}

/** The address to connect to. One refused address refuses the whole name: it means to lead there. */
async function checkedAddress(target: URL, policy: SourcePolicy): Promise<string> {
  if (target.protocol !== "http:" && target.protocol !== "https:") {
    throw refused(`${target.protocol} is neither http: nor https:`);
  }
  const host = target.hostname.replace(/^\[(.*)\]$/, "$1");
  const found = isIP(host) === 0 ? await resolve(host, { all: true }) : [{ address: host }];
  const addresses = found.map(({ address }) => address);
  const [first] = addresses;
  const forbidden = addresses.find((address) => !isAllowedSource(address, policy));
  if (forbidden !== undefined) {
    const cure = "an administrator may allow it by images.allowedSources";
    throw refused(
      `${host} is ${forbidden}, an address of this cluster or of no outside host; ${cure}`,
    );
  }
  if (first === undefined) throw failed(`${host} has no address`);
  return first;
}

function open(
  target: URL,
  address: string,
  { windowSeconds }: DownloadOptions,
): Promise<IncomingMessage> {
  const pinned: LookupFunction = (_, { all }, answer) => {
    const family = isIP(address);
    if (all === true) answer(null, [{ address, family }]);
    else answer(null, address, family);
  };
  const options: RequestOptions = {
    agent: false,
    lookup: pinned,
    headers: { "user-agent": "kilonova", accept: "*/*", "accept-encoding": "identity" },
  };
  return new Promise((fulfil, reject) => {
    const client = target.protocol === "https:" ? https : http;
    const request = client.get(target, options);
    const timer = setTimeout(
      () => request.destroy(failed(`${target.host} did not answer within ${windowSeconds} s`)),
      windowSeconds * 1000,
    );
    request.once("response", (response) => {
      clearTimeout(timer);
      fulfil(response);
    });
    request.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** Fails when more comes than was declared or than there is room for. */
function bounded(request: DownloadRequest): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, pass) {
      bytes += chunk.length;
      if (bytes > request.bytesMax) pass(tooLarge(request));
      else pass(null, chunk);
    },
  });
}

/** Fails when too little comes: a server that holds a download open keeps others from their turn. */
function paced(source: IncomingMessage, options: DownloadOptions): Transform {
  const { windowSeconds, windowBytesMin } = options;
  let bytes = 0;
  const timer = setInterval(() => {
    if (bytes < windowBytesMin) {
      source.destroy(failed(`less than ${windowBytesMin} bytes came within ${windowSeconds} s`));
    }
    bytes = 0;
  }, windowSeconds * 1000);
  return new Transform({
    transform(chunk: Buffer, _, pass) {
      bytes += chunk.length;
      pass(null, chunk);
    },
    destroy(error, done) {
      clearInterval(timer);
      done(error);
    },
  });
}

function tooLarge({ bytesMax }: DownloadRequest): PortError {
  return failed(
    `it is larger than the ${bytesMax} bytes that this host has left for images: make room there`,
  );
}

function failed(message: string, cause?: unknown): PortError {
  return new Refused("ImageFetchFailed", message, cause);
}

function refused(message: string): PortError {
  return new Refused("ImageSourceRefused", message);
}
