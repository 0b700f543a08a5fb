// SPDX-License-Identifier: Apache-2.0
/**
 * The real operator before a real API server, with a fleet whose agents and kubelets are played: how
 * fast servers that wait are claimed and run, what that costs whom, and what idle costs. Options:
 * `--hosts N --servers N --idle MINUTES --profile DIRECTORY`. Needs root.
 */
import { mkdtemp } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { systemClock as clock } from "../../operator/src/adapters/clock/system-clock.ts";
import { systemRandom as random } from "../../operator/src/adapters/clock/system-random.ts";
import { Informer } from "../../operator/src/platform/informer.ts";
import { type KubeStore, resources } from "../../operator/src/ports/kube.ts";
import { aFlavor, anImage, aServer } from "../../operator/src/testing/builders.ts";
import { systemNamespace } from "../../operator/src/testing/access/identities.ts";
import { FakeLogger } from "../../operator/src/testing/fake-logger.ts";
import { startApiServerWithChart } from "../chart-api-server.ts";
import type { LoneApiServer } from "../cluster/apiserver-only.ts";
import { percentile, type Report } from "./report.ts";
import { batches, ScaleHosts } from "./scale-hosts.ts";
import { type OperatorMetrics, ScaleOperator } from "./scale-operator.ts";
import { cpuPercent, type Usage, usageOf } from "./usage.ts";

const user = { fieldManager: "bench" };
const namespaceCount = 20;
const creators = 24;
const settleSeconds = 60;

interface Options {
  readonly hosts: number;
  readonly servers: number;
  readonly idleMinutes: number;
  readonly profile: string | undefined;
}

export async function scale(args: readonly string[]): Promise<Report> {
  const options = optionsOf(args);
  const world = await startApiServerWithChart();
  const stop = new AbortController();
  let working: Promise<void> = Promise.resolve();
  try {
    const token = await administratorToken(world.server);
    const hosts = new ScaleHosts(world.server, token, numbered("host", options.hosts));
    await hosts.prepare();
    working = hosts.run(stop.signal);
    const run = new ScaleRun(options, { server: world.server, hosts, signal: stop.signal });
    return await Promise.race([run.measure(), working.then(() => endedEarly())]);
  } finally {
    stop.abort();
    await Promise.allSettled([working]);
    await world.close();
  }
}

/** Real agents and kubelets cost the API server no more than a token or a certificate that it knows. */
async function administratorToken(server: LoneApiServer): Promise<string> {
  const account = ["-n", systemNamespace, "bench"];
  await server.kubectl(["create", "serviceaccount", ...account]);
  const subject = `--serviceaccount=${systemNamespace}:bench`;
  await server.kubectl([
    "create",
    "clusterrolebinding",
    "bench",
    "--clusterrole=cluster-admin",
    subject,
  ]);
  return (await server.kubectl(["create", "token", ...account, "--duration=12h"])).stdout.trim();
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      hosts: { type: "string", default: "1000" },
      servers: { type: "string", default: "10000" },
      idle: { type: "string", default: "10" },
      profile: { type: "string" },
    },
  });
  return {
    hosts: Number(values.hosts),
    servers: Number(values.servers),
    idleMinutes: Number(values.idle),
    profile: values.profile,
  };
}

function endedEarly(): never {
  throw new Error("the hosts ended while they were needed");
}

/** Everybody's usage at one moment. */
interface Snapshot {
  readonly operator: Usage;
  readonly apiServer: Usage;
  readonly etcd: Usage;
  readonly hosts: Usage;
  /** Writes that the API server took, by `resource/subresource`. */
  readonly requests: Readonly<Record<string, number>>;
  readonly metrics: OperatorMetrics;
}

interface Parts {
  readonly server: LoneApiServer;
  readonly hosts: ScaleHosts;
  readonly signal: AbortSignal;
}

class ScaleRun {
  readonly #options: Options;
  readonly #server: LoneApiServer;
  readonly #hosts: ScaleHosts;
  readonly #signal: AbortSignal;
  readonly #store: KubeStore;
  #logPath = "";
  #operator: ScaleOperator | undefined;
  readonly #grantedMs: number[] = [];
  readonly #activeMs: number[] = [];

  constructor(options: Options, { server, hosts, signal }: Parts) {
    this.#options = options;
    this.#server = server;
    this.#hosts = hosts;
    this.#signal = signal;
    this.#store = hosts.store;
  }

  async measure(): Promise<Report> {
    this.#logPath = join(await mkdtemp(join(tmpdir(), "scale-")), "operator.log");
    this.#say(`the operator's log is ${this.#logPath}`);
    await this.#prepareHosts();
    await this.#createServers();
    this.#watchServers();
    const startMs = performance.now();
    const operator = await this.#startOperator(this.#profileArguments());
    try {
      const before = await this.#snapshot(operator);
      await this.#until("ACTIVE", () => this.#activeMs.length, this.#options.servers);
      const after = await this.#snapshot(operator);
      await sleep(settleSeconds * 1000);
      const idle = await this.#snapshot(operator);
      this.#say(`idle for ${this.#options.idleMinutes} minutes`);
      await sleep(this.#options.idleMinutes * 60_000);
      const end = await this.#snapshot(operator);
      return this.#report(startMs, { before, after, idle, end });
    } finally {
      await operator.stop();
    }
  }

  /** A first operator makes the Hypervisors and sees them come up. */
  async #prepareHosts(): Promise<void> {
    const { hosts } = this.#options;
    const operator = await this.#startOperator([]);
    const list = () => this.#store.list(resources.hypervisors, { consistency: "cached" });
    const count = async (isUp: boolean): Promise<number> =>
      (await list()).items.filter(({ status }) => !isUp || status?.state === "up").length;
    await this.#until("Hypervisors", () => count(false), hosts);
    await this.#hosts.report();
    await this.#until("Hypervisors up", () => count(true), hosts);
    await operator.stop();
  }

  async #createServers(): Promise<void> {
    const namespaces = numbered("team", namespaceCount);
    const flavor = aFlavor({ spec: { vcpus: 1, memoryMib: 512, rootDiskGib: 1 } });
    await this.#store.create(resources.flavors, asNew(flavor), user);
    for (const namespace of namespaces) {
      await this.#server.kubectl(["create", "namespace", namespace]);
      // Nothing makes it here, and no pod is admitted without it.
      await this.#server.kubectl(["create", "serviceaccount", "default", "-n", namespace]);
      await this.#store.create(resources.images, asNew(anImage(), { namespace }), user);
    }
    const names = numbered("server", this.#options.servers);
    for (const batch of batches(names, creators)) {
      const creations = batch.map((name, index) => {
        const namespace = namespaces[index % namespaceCount] ?? "";
        return this.#store.create(resources.servers, asNew(aServer(), { namespace, name }), user);
      });
      await Promise.all(creations);
    }
    this.#say(`${names.length} servers wait`);
  }

  /** The first time that each server is seen to be granted a host, and to be ACTIVE. */
  #watchServers(): void {
    const log = new FakeLogger();
    const { servers: type } = resources;
    const servers = new Informer({ kube: this.#store, type, clock, random, log });
    const [granted, active] = [new Set<string>(), new Set<string>()];
    servers.onChange(({ key, current }) => {
      const { run, phase } = current?.status ?? {};
      if (run !== undefined && !granted.has(key)) this.#grantedMs.push(performance.now());
      if (run !== undefined) granted.add(key);
      if (phase === "ACTIVE" && !active.has(key)) this.#activeMs.push(performance.now());
      if (phase === "ACTIVE") active.add(key);
    });
    void servers.run(this.#signal);
  }

  async #startOperator(arguments_: readonly string[]): Promise<ScaleOperator> {
    const options = { logPath: this.#logPath, arguments_ };
    this.#operator = await ScaleOperator.start(this.#server, options);
    return this.#operator;
  }

  #profileArguments(): string[] {
    const { profile } = this.#options;
    return profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  }

  async #snapshot(operator: ScaleOperator): Promise<Snapshot> {
    const { apiServer, etcd } = this.#server.processIds;
    return {
      operator: usageOf(operator.pid),
      apiServer: usageOf(apiServer),
      etcd: usageOf(etcd),
      hosts: usageOf(process.pid),
      requests: await this.#requests(),
      metrics: await operator.metrics().catch(() => ({ writes: {}, heapMib: 0 })),
    };
  }

  /** Writes that the API server has taken so far. */
  async #requests(): Promise<Record<string, number>> {
    const { stdout } = await this.#server.kubectl(["get", "--raw", "/metrics"]);
    const counts: Record<string, number> = {};
    for (const line of stdout.split("\n")) {
      if (!line.startsWith("apiserver_request_total{")) continue;
      const labelOf = (name: string): string =>
        new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? "";
      if (!["POST", "PUT", "PATCH", "APPLY", "DELETE"].includes(labelOf("verb"))) continue;
      if (!labelOf("code").startsWith("2")) continue;
      const name = [labelOf("resource"), labelOf("subresource")].filter((one) => one !== "");
      const key = name.join("/");
      counts[key] = (counts[key] ?? 0) + Number(line.slice(line.lastIndexOf(" ")));
    }
    return counts;
  }

  async #until(what: string, count: () => number | Promise<number>, goal: number): Promise<void> {
    let saidMs = 0;
    for (let now = await count(); now < goal; now = await count()) {
      this.#operator?.assertRuns();
      if (performance.now() - saidMs > 10_000) this.#say(`${what}: ${now} of ${goal}`);
      if (performance.now() - saidMs > 10_000) saidMs = performance.now();
      await sleep(200);
    }
    this.#say(`${what}: ${goal}`);
  }

  #say(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  #report(
    startMs: number,
    { before, after, idle, end }: Readonly<Record<"before" | "after" | "idle" | "end", Snapshot>>,
  ): Report {
    const { hosts, servers, idleMinutes } = this.#options;
    const secondsTo = (times: readonly number[]): number => ((times.at(-1) ?? 0) - startMs) / 1000;
    const rate = (times: readonly number[]): number =>
      servers / (((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000);
    const cpuMs = (who: "operator" | "apiServer" | "etcd" | "hosts"): number =>
      (1000 * (after[who].cpuSeconds - before[who].cpuSeconds)) / servers;
    const writes = difference(before.requests, after.requests);
    const perServer = ["servers", "servers/status", "guests", "guests/status", "pods"].map(
      (name) => [`writes of ${name}, per server`, (writes[name] ?? 0) / servers] as const,
    );
    const idleWrites = difference(idle.requests, end.requests);
    const others = Object.entries(idleWrites).filter(([name]) => name !== "leases");
    return {
      about: `${servers} servers that waited, ${hosts} hypervisors whose agents and kubelets are played by the benchmark, one operator and one API server, all on ${availableParallelism()} cores. Times count from the start of the operator's process.`,
      figures: {
        "first claimed, seconds": ((this.#grantedMs[0] ?? 0) - startMs) / 1000,
        "all claimed, seconds": secondsTo(this.#grantedMs),
        "claimed, servers/s": rate(this.#grantedMs),
        "accepted by hosts, servers/s": rate(this.#hosts.acceptedMs),
        "all ACTIVE, seconds": secondsTo(this.#activeMs),
        "ACTIVE, servers/s": rate(this.#activeMs),
        "ACTIVE, p50 seconds": (percentile(this.#activeMs, 0.5) - startMs) / 1000,
        ...Object.fromEntries(perServer),
        "operator writes, per server":
          sum(difference(before.metrics.writes, after.metrics.writes)) / servers,
        "operator CPU, ms per server": cpuMs("operator"),
        "API server CPU, ms per server": cpuMs("apiServer"),
        "etcd CPU, ms per server": cpuMs("etcd"),
        "benchmark CPU, ms per server": cpuMs("hosts"),
        "operator CPU, %": cpuPercent(before.operator, after.operator),
        "API server CPU, %": cpuPercent(before.apiServer, after.apiServer),
        "operator RSS peak, MiB": end.operator.rssPeakMib,
        "operator RSS idle, MiB": end.operator.rssMib,
        "operator heap idle, MiB": end.metrics.heapMib,
        "idle minutes": idleMinutes,
        "idle writes but Leases": sum(Object.fromEntries(others)),
        "idle Lease writes/s": (idleWrites["leases"] ?? 0) / (idleMinutes * 60),
        "operator idle CPU, %": cpuPercent(idle.operator, end.operator),
        "API server idle CPU, %": cpuPercent(idle.apiServer, end.apiServer),
        ...Object.fromEntries(others.map(([name, count]) => [`idle writes of ${name}`, count])),
      },
      ratios: {},
    };
  }
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** A builder's object without what the API server gives. */
function asNew<
  T extends { readonly metadata: { readonly name: string; readonly namespace?: string } },
>(object: T, place: { readonly name?: string; readonly namespace?: string } = {}): T {
  const { name, namespace } = { ...object.metadata, ...place };
  return { ...object, metadata: { name, ...(namespace !== undefined && { namespace }) } };
}

function difference(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  const entries = Object.entries(after).map(
    ([name, count]) => [name, count - (before[name] ?? 0)] as const,
  );
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
