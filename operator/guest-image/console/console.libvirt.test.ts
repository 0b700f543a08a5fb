// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, test as base } from "vitest";
import { until } from "../../src/testing/until.ts";
import { compiled, throwIfUnsound } from "../testing/compiled.ts";
import { ConsoleWorld } from "../testing/console-world.ts";

const mib = 1024 * 1024;
let program: string;

beforeAll(async () => {
  program = await compiled("console");
}, 60_000);

const test = base.extend<{ world: ConsoleWorld }>({
  world: async ({ task }, use) => {
    const world = await ConsoleWorld.start(program);
    await use(world);
    await world.close();
    if (task.result?.state === "fail") process.stderr.write(world.stderr);
    throwIfUnsound(world.stderr);
  },
});

/** Lines of 64 bytes that tell where they belong. */
function lines(count: number): string {
  return (
    Array.from({ length: count }, (_, index) => `${index}`.padStart(63, ".")).join("\n") + "\n"
  );
}

/** The client has a socket beside its standard files. */
async function hasConnected(client: ChildProcess): Promise<boolean> {
  return (await readlink(`/proc/${client.pid}/fd/3`).catch(() => "")).startsWith("socket:");
}

/** The console is started again and carries both ways; resolves with how the client ends when its input does. */
async function shareNextConsole(
  world: ConsoleWorld,
  client: ChildProcessWithoutNullStreams,
): Promise<unknown[]> {
  let seen = "";
  client.stdout.on("data", (chunk: Buffer) => (seen += chunk.toString()));
  const next = await ConsoleWorld.start(program, world.directory);
  const guest = await next.connectGuest();
  client.stdin.write("more");
  await guest.untilReceived("more");
  guest.write("shown");
  await until("it is shown", () => seen === "shown");
  client.stdin.end();
  const exit = await once(client, "exit");
  await next.kill();
  return exit;
}

describe.concurrent("what the guest says", () => {
  test("goes to the log, to standard output and to everyone attached", async ({ world }) => {
    const clients = [await world.connectClient(), await world.connectClient()];
    const guest = await world.connectGuest();
    guest.write("hello\r\n");
    for (const client of clients) await client.untilReceived("hello\r\n");
    await until("standard output has it", () => world.stdout === "hello\r\n");
    expect(await world.log()).toBe("hello\r\n");
  });

  test("is shown on standard output without colours and the like, wherever they are cut", async ({
    world,
  }) => {
    const client = await world.connectClient();
    const guest = await world.connectGuest();
    guest.socket.setNoDelay(true);
    const parts = ["\u001b[2J\u001b[01;01Hboot \u001b[1;31", "mred\u001b[0m é\tx\b\u0000\r\n"];
    const strings = [
      "\u001b]0;title\u0007a\u001b]0;other\u001b\\b\u001b(Bc\u001b=d\n",
      "\u001b]8;cut off\ne\n",
    ];
    const said = [...parts, ...strings].join("");
    for (const part of [...parts, ...strings]) {
      guest.socket.write(part);
      await setTimeout(50);
    }
    await until("it is shown", () => world.stdout.endsWith("e\n"));
    expect(Buffer.from(world.stdout, "latin1").toString()).toBe("boot red é\tx\r\nabcd\n\ne\n");
    const log = Buffer.from(await world.log(), "latin1").toString();
    expect(log).toBe(said);
    await until("it is seen", () => client.received.length === Buffer.byteLength(said));
  });

  test("is kept in a log of at most two parts of 1 MiB that lack nothing between", async ({
    world,
  }) => {
    const guest = await world.connectGuest();
    const text = lines(40_000);
    guest.write(text);
    await until("all is logged", async () => (await world.log()).endsWith(text.slice(-64)));
    const log = await world.log();
    const before = await world.log("console.log.1");
    expect(log.length).toBeLessThanOrEqual(mib);
    expect(before.length).toBeLessThanOrEqual(mib);
    expect(before.length + log.length).toBeGreaterThan(mib);
    expect(text.endsWith(before + log)).toBe(true);
  });

  test("is added to the log of earlier starts", async ({ world }) => {
    (await world.connectGuest()).write("first\n");
    await until("it is logged", async () => (await world.log()) === "first\n");
    await world.kill();
    const next = await ConsoleWorld.start(program, world.directory);
    (await next.connectGuest()).write("second\n");
    await until("it is logged", async () => (await next.log()) === "first\nsecond\n");
    await next.kill();
    expect((await stat(join(world.directory, "console.log"))).mode & 0o777).toBe(0o600);
  });

  test("is taken from the guest although nobody reads standard output", async ({ world }) => {
    world.blockStdout();
    const guest = await world.connectGuest();
    const text = lines(10_000);
    guest.write(text);
    await until("all is logged", async () => (await world.log()) === text);
    expect(world.stdout.length).toBeLessThan(text.length);
  });

  test("reaches standard output late, but whole, when that was not read for a while", async ({
    world,
  }) => {
    world.blockStdout();
    const guest = await world.connectGuest();
    guest.socket.setNoDelay(true);
    // As much as the buffer holds, in pieces as small as a serial port makes them.
    const text = lines(1900);
    for (const line of text.split(/(?<=\n)/)) {
      guest.write(line);
      await setImmediate();
    }
    await until("all is logged", async () => (await world.log()) === text);
    world.unblockStdout();
    await until("all is shown", () => world.stdout.length >= text.length);
    expect(world.stdout).toBe(text);
  });

  test("is taken from the guest although one who watches does not read", async ({ world }) => {
    const lazy = await world.connectClient();
    const eager = await world.connectClient();
    lazy.socket.pause();
    const guest = await world.connectGuest();
    const text = lines(14_000);
    guest.write(text);
    await until("all is logged", async () => (await world.log()) === text);
    guest.write("the end\n");
    await eager.untilReceived("the end\n");
    expect(await world.log()).toBe(`${text}the end\n`);
  });
});

describe.concurrent("what is typed", () => {
  test("reaches the guest from everyone attached", async ({ world }) => {
    const guest = await world.connectGuest();
    const [first, second] = [await world.connectClient(), await world.connectClient()];
    first.write("one ");
    await guest.untilReceived("one ");
    second.write("two");
    await guest.untilReceived("two");
    expect(guest.received).toBe("one two");
  });

  test("waits for a guest that does not read, and nothing of it is lost", async ({ world }) => {
    const guest = await world.connectGuest();
    const client = await world.connectClient();
    guest.socket.pause();
    const text = lines(20_000);
    client.write(text);
    guest.write("still talking\n");
    await client.untilReceived("still talking\n");
    guest.socket.resume();
    await until("the guest has it all", () => guest.received.length >= text.length);
    expect(guest.received).toBe(text);
  });

  test("is dropped without a guest, and a later guest is served", async ({ world }) => {
    const early = await world.connectClient();
    early.socket.end("nobody hears this");
    await once(early.socket, "close");
    const guest = await world.connectGuest();
    const client = await world.connectClient();
    client.write("hello");
    await guest.untilReceived("hello");
    expect(guest.received).toBe("hello");
  });
});

describe.concurrent("the console", () => {
  test("serves the newest QEMU when one connects again", async ({ world }) => {
    const old = await world.connectGuest();
    const client = await world.connectClient();
    const guest = await world.connectGuest();
    await once(old.socket, "close");
    guest.write("back again\n");
    await client.untilReceived("back again\n");
    expect(await world.log()).toBe("back again\n");
  });

  test("tells the ninth watcher that eight are enough, and takes one when another leaves", async ({
    world,
  }) => {
    const clients = [];
    for (let count = 0; count < 8; count++) clients.push(await world.connectClient());
    const ninth = await world.connectClient();
    await ninth.untilReceived("Too many are attached");
    clients[0]?.socket.destroy();
    const guest = await world.connectGuest();
    const served = async (): Promise<string> => {
      const client = await world.connectClient();
      guest.write("served");
      await until("the client is told something", () => client.received !== "");
      return client.received;
    };
    await expect.poll(served).toBe("served");
  });
});

describe.concurrent("one who attaches", () => {
  test("sees and types by standard input and output, and leaves when the input ends", async ({
    world,
  }) => {
    const guest = await world.connectGuest();
    const client = spawn(program, [], { env: world.env });
    let seen = "";
    client.stdout.on("data", (chunk: Buffer) => (seen += chunk.toString()));
    client.stdin.write("typed\n");
    await guest.untilReceived("typed\n");
    guest.write("shown\r\n");
    await until("it is shown", () => seen === "shown\r\n");
    client.stdin.end();
    expect(await once(client, "exit")).toEqual([0, null]);
  });

  test("stays attached when its terminal changes its size", async ({ world }) => {
    const guest = await world.connectGuest();
    const client = spawn(program, [], { env: world.env });
    client.stdin.write("before");
    await guest.untilReceived("before");
    client.kill("SIGWINCH");
    client.stdin.write(" after");
    await guest.untilReceived("before after");
    client.stdin.end();
    expect(await once(client, "exit")).toEqual([0, null]);
  });

  test("is attached again when the console was started again", async ({ world }) => {
    const client = spawn(program, [], { env: world.env });
    const guest = await world.connectGuest();
    client.stdin.write("typed");
    await guest.untilReceived("typed");
    // A console that closes a connection within a second does not want it.
    await setTimeout(2100);
    await world.kill();
    expect(await shareNextConsole(world, client)).toEqual([0, null]);
  });

  test("is attached again when the console died before it saw the one who attaches", async ({
    world,
  }) => {
    world.freeze();
    const client = spawn(program, [], { env: world.env });
    await until("the client connected", () => hasConnected(client));
    await world.kill();
    expect(await shareNextConsole(world, client)).toEqual([0, null]);
  });

  test("gets a raw terminal, and it back after Ctrl-]", async ({ world }) => {
    const guest = await world.connectGuest();
    // `script` gives its command a terminal; `stty` shows what state it is left in.
    const command = `stty -echo; ${program}; stty -a`;
    const session = spawn("script", ["-qec", command, "/dev/null"], { env: world.env });
    let screen = "";
    session.stdout.on("data", (chunk: Buffer) => (screen += chunk.toString()));
    await until("it is attached", () => screen.includes("Ctrl-] detaches"));
    // Ctrl-C is a key like any other: it goes to the guest and not to the client.
    session.stdin.write("ls\r\x03");
    await guest.untilReceived("ls\r\x03");
    session.stdin.write("x\x1d");
    await guest.untilReceived("x");
    expect(await once(session, "exit")).toEqual([0, null]);
    expect(screen).toContain("Detached.");
    expect(screen).toContain(" icanon ");
    expect(screen).toContain("-echo ");
    expect(guest.received).toBe("ls\r\x03x");
  });

  test("is told where there is no console", async () => {
    const client = spawn(program, [], { env: { XDG_RUNTIME_DIR: "/nonexistent" } });
    let said = "";
    client.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    expect(await once(client, "exit")).toEqual([1, null]);
    expect(said).toContain("no console here");
  });
});
