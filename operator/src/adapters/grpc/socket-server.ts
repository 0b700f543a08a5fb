// SPDX-License-Identifier: Apache-2.0
import { mkdir, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { NotFound, PortError, Refused, TimedOut, Unavailable } from "../../ports/errors.ts";
import type { PluginServer } from "../../ports/plugin-sockets.ts";

/** What the kubelet sends is small; it is trusted, and bounded all the same. */
const requestBytesMax = 2 ** 20;

/**
 * Serves gRPC on a Unix socket. What a killed process left there is replaced. Throws PortError
 * `SocketFailed`.
 */
export async function serveOnSocket(
  path: string,
  addServices: (server: Server) => void,
): Promise<PluginServer> {
  const server = new Server({ "grpc.max_receive_message_length": requestBytesMax });
  addServices(server);
  try {
    await mkdir(dirname(path), { recursive: true });
    await rm(path, { force: true });
    await bind(server, `unix:${path}`);
  } catch (cause) {
    throw new PortError("SocketFailed", `cannot listen on ${path}`, { cause });
  }
  const own = await inodeOf(path);
  return {
    isReachable: async () => (await inodeOf(path)) === own,
    // Node removes the socket with it.
    close: async () => server.forceShutdown(),
  };
}

function bind(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** Tells one file from another that took its name; undefined when there is none. */
export async function inodeOf(path: string): Promise<string | undefined> {
  try {
    const { ino, ctimeNs } = await stat(path, { bigint: true });
    return `${ino}-${ctimeNs}`;
  } catch {
    return undefined;
  }
}

interface UnaryCall<Request> {
  readonly request: Request;
}
type Reply<Response> = (error: object | null, response?: Response) => void;

/** Makes an asynchronous function the handler of a method with one answer. */
export function unary<Request, Response>(
  answer: (request: Request) => Response | Promise<Response>,
): (call: UnaryCall<Request>, reply: Reply<Response>) => void {
  return ({ request }, reply) => {
    Promise.resolve(request)
      .then(answer)
      .then(
        (response) => reply(null, response),
        (error: unknown) => reply(rpcErrorOf(error)),
      );
  };
}

/**
 * For the kubelet NOT_FOUND and FAILED_PRECONDITION are final: it takes nothing down afterwards. All
 * other codes here leave it uncertain whether something was done, and make it undo that.
 */
function rpcErrorOf(error: unknown): { readonly code: status; readonly details: string } {
  if (!(error instanceof PortError)) return { code: status.ABORTED, details: "failed by a bug" };
  return { code: codeOf(error), details: `${error.reason}: ${error.message}` };
}

function codeOf(error: PortError): status {
  if (error instanceof NotFound) return status.NOT_FOUND;
  if (error instanceof Refused) return status.FAILED_PRECONDITION;
  if (error instanceof Unavailable) return status.UNAVAILABLE;
  if (error instanceof TimedOut) return status.DEADLINE_EXCEEDED;
  return status.ABORTED;
}
