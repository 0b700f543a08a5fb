// SPDX-License-Identifier: Apache-2.0
/** The DHCP server of a server pod on a wire of its own, and a client at the other end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../hack/exec.ts";
import { compiled } from "./compiled.ts";

export const cardMac = "fa:00:00:00:00:01";
/** From one router advertisement to the next. */
export const advertiseSeconds = 1;
const resolvConf = "nameserver 10.252.0.10\nsearch team.svc.cluster.local cluster.local\n";

/** Sends every line that it reads as a message in hexadecimal digits, and writes what comes back. */
const clientScript = `
  const socket = require("node:dgram").createSocket({ type: "udp4", reuseAddr: true });
  socket.on("message", (message) => console.log(message.toString("hex")));
  socket.bind(68, () => {
    socket.setBroadcast(true);
    console.log("ready");
    require("node:readline").createInterface(process.stdin).on("line", (line) =>
      socket.send(Buffer.from(line, "hex"), 67, "255.255.255.255"));
  });
`;

export class DhcpWorld {
  stderr = "";
  readonly #base: string;
  readonly #server: ChildProcess;
  readonly #client: ChildProcess;
  readonly #replies: string[] = [];

  private constructor(base: string, server: ChildProcess, client: ChildProcess) {
    this.#base = base;
    this.#server = server;
    this.#client = client;
    server.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    client.stdout?.on("data", (chunk: Buffer) =>
      this.#replies.push(...chunk.toString().trim().split("\n")),
    );
  }

  static async start(): Promise<DhcpWorld> {
    const base = await mkdtemp(join(tmpdir(), "dhcp-"));
    await writeFile(join(base, "resolv.conf"), resolvConf);
    const program = await compiled("dhcp", [
      `-DSETTINGS="/mnt/resolv.conf"`,
      `-DADVERTISE_SECONDS=${advertiseSeconds}`,
    ]);
    // Each waits for a line, so that the wire is there when it begins.
    const isolated = ["--pdeathsig=KILL", "unshare", "--net", "--mount", "sh", "-euc"];
    const serve = `read go; mount --bind ${base} /mnt; exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs ${program}`;
    const server = spawn("setpriv", [...isolated, serve], {
      env: { PATH: process.env["PATH"], XDG_RUNTIME_DIR: base, ASAN_OPTIONS: "detect_leaks=0" },
      stdio: ["pipe", "ignore", "pipe"],
    });
    const client = spawn(
      "setpriv",
      [...isolated, `read go; exec "$@"`, "sh", process.execPath, "-e", clientScript],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    const world = new DhcpWorld(base, server, client);
    await world.#connect();
    return world;
  }

  /** Says what the server gives out, as the agent does. */
  async lease(text: string): Promise<void> {
    await writeFile(join(this.#base, "leases.new"), text);
    await rename(join(this.#base, "leases.new"), join(this.#base, "leases"));
  }

  /** Sends a message; the answer to it, or undefined when there is none for a while. */
  async ask(message: Buffer): Promise<Buffer | undefined> {
    this.#replies.length = 0;
    this.#client.stdin?.write(`${message.toString("hex")}\n`);
    for (let waited = 0; waited < 20 && this.#replies.length === 0; waited += 1) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const [reply] = this.#replies;
    return reply === undefined ? undefined : Buffer.from(reply, "hex");
  }

  /** How many frames came out of the router's tap `ra0` so far. */
  async advertisements(): Promise<number> {
    const target = [`--target=${this.#server.pid}`, "--net", "--"];
    const { stdout } = await run("nsenter", [
      ...target,
      "ip",
      "-json",
      "-stats",
      "link",
      "show",
      "ra0",
    ]);
    const [link] = JSON.parse(stdout) as [{ stats64: { rx: { packets: number } } }];
    return link.stats64.rx.packets;
  }

  async close(): Promise<void> {
    for (const process of [this.#client, this.#server]) {
      const exited = once(process, "exit");
      process.kill("SIGKILL");
      await exited;
    }
    await rm(this.#base, { recursive: true });
  }

  async #connect(): Promise<void> {
    const [near, far] = [this.#server.pid, this.#client.pid];
    // A process that was just started has its own namespaces a moment later.
    const isApart = `[ "$(readlink /proc/PID/ns/net)" != "$(readlink /proc/$$/ns/net)" ]`;
    for (const pid of [near, far]) {
      await run("sh", [
        "-euc",
        `until ${isApart.replace("PID", String(pid))}; do sleep 0.01; done`,
      ]);
    }
    await runInNetwork(
      near,
      `ip link add tap0 type veth peer name eth0 netns ${far}; ip address add 10.0.2.1/24 dev tap0; ip link set tap0 up; ip tuntap add dev ra0 mode tap user 0; ip link set ra0 up; echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start`,
    );
    await runInNetwork(
      far,
      "ip address add 10.0.2.99/24 dev eth0; ip link set eth0 up; ip route add default dev eth0",
    );
    const answered = once(this.#client.stdout ?? this.#client, "data");
    for (const process of [this.#server, this.#client]) process.stdin?.write("go\n");
    await answered;
  }
}

/** Runs a script of the shell in the network namespace of a process. */
async function runInNetwork(pid: number | undefined, script: string): Promise<void> {
  await run("nsenter", [`--net=/proc/${pid}/ns/net`, "sh", "-euc", script]);
}

interface Message {
  /** 1 discover, 3 request, 8 inform. */
  readonly type: number;
  readonly options?: Readonly<Record<number, readonly number[]>>;
  readonly clientAddress?: readonly number[];
  readonly mac?: string;
}

/** A message of a guest's DHCP client. */
export function dhcpMessage({
  type,
  options = {},
  clientAddress = [],
  mac = cardMac,
}: Message): Buffer {
  const fixed = Buffer.alloc(240);
  fixed.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
  fixed.set(clientAddress, 12);
  fixed.write(mac.replaceAll(":", ""), 28, "hex");
  fixed.set([99, 130, 83, 99], 236);
  const list = Object.entries({ 53: [type], ...options }).flatMap(([code, value]) => [
    Number(code),
    value.length,
    ...value,
  ]);
  return Buffer.concat([fixed, Buffer.from([...list, 255])]);
}

/** The options of an answer, by their numbers. */
export function dhcpOptions(message: Buffer): Record<number, Buffer> {
  const found: Record<number, Buffer> = {};
  for (let at = 240; message[at] !== 255 && at < message.length; ) {
    const length = message[at + 1] ?? 0;
    found[message[at] ?? 0] = message.subarray(at + 2, at + 2 + length);
    at += 2 + length;
  }
  return found;
}
