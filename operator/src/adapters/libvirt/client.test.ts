// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TimedOut, Unavailable } from "../../ports/errors.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { LibvirtPeer } from "../../testing/libvirt-peer.ts";
import { until } from "../../testing/until.ts";
import { createLibvirtClient } from "./client.ts";

const options = { timeoutSeconds: 5 };

let directory: string;
let socketPath: string;
let server: Server;
let sockets: Socket[];
let clock: FakeClock;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "libvirt-client-"));
  socketPath = join(directory, "libvirt-sock");
  sockets = [];
  clock = new FakeClock();
  server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await rm(directory, { recursive: true });
});

function connect(path = socketPath): Promise<unknown> {
  return createLibvirtClient(clock)
    .connect(path, options)
    .catch((error: unknown) => error);
}

test("connecting where nobody listens is Unavailable and says where", async () => {
  const error = await connect(join(directory, "absent"));
  expect(error).toBeInstanceOf(Unavailable);
  expect((error as Error).message).toContain(join(directory, "absent"));
  expect(clock.pending).toBe(0);
});

test("connecting to a daemon that says nothing times out and closes the socket", async () => {
  const connecting = connect();
  await until("the client connects", () => sockets.length === 1);
  let isClosed = false;
  sockets[0]?.resume().once("close", () => {
    isClosed = true;
  });
  await clock.advance(5000);
  expect(await connecting).toBeInstanceOf(TimedOut);
  await until("the client closes", () => isClosed);
  expect(clock.pending).toBe(0);
});

test("connecting to a daemon that hangs up is Unavailable", async () => {
  const connecting = connect();
  await until("the client connects", () => sockets.length === 1);
  sockets[0]?.destroy();
  expect(await connecting).toBeInstanceOf(Unavailable);
});

test("connecting to something else throws a protocol error", async () => {
  const connecting = connect();
  await until("the client connects", () => sockets.length === 1);
  new LibvirtPeer(sockets[0] as Socket).write(Buffer.from("SSH-2.0-OpenSSH_10.0\r\n"));
  expect(await connecting).toMatchObject({ reason: "ProtocolError", retry: "backoff" });
});
