// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway in front of the cluster: Contour and Envoy as processes of this machine, which reaches pods as
 * the nodes do. It serves routes of one namespace on loopback.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatewayPrograms } from "../../hack/cluster/gateway-programs.ts";
import { run } from "../../hack/exec.ts";
import type { Tenant } from "./tenant.ts";

const apiVersion = "gateway.networking.k8s.io/v1";
const name = "e2e";
/** What the Gateway says, and what Contour makes of it in Envoy, which it does not let listen below 1024. */
const listener = { name: "http", protocol: "HTTP", port: 80 };
const port = 8080;
const ports = { xds: 18_001, stats: 18_002, health: 18_003, http: 18_004, debug: 18_005 };
const loopback = "127.0.0.1";
/** Kinds that are not in the standard channel, or that no test here has. */
const kindsLeftOut = ["tcproutes", "tlsroutes", "grpcroutes", "backendtlspolicies"];

export class Gateway {
  readonly #tenant: Tenant;
  readonly #kinds: string;
  readonly #directory: string;
  readonly #processes: ChildProcess[] = [];

  private constructor(tenant: Tenant, kinds: string, directory: string) {
    this.#tenant = tenant;
    this.#kinds = kinds;
    this.#directory = directory;
  }

  /** Makes the kinds of the Gateway API, a Gateway in the tenant's namespace, and what serves it. */
  static async start(tenant: Tenant): Promise<Gateway> {
    const { contour, envoy, kinds } = await gatewayPrograms();
    const directory = await mkdtemp(join(tmpdir(), "gateway-"));
    const gateway = new Gateway(tenant, kinds, directory);
    await tenant.kubectl("apply", "--server-side", "-f", kinds);
    await tenant.kubectl("wait", "--for=condition=Established", "-f", kinds, "--timeout=60s");
    await tenant.apply(gatewayClass, gatewayIn(tenant.namespace));
    const config = { gateway: { gatewayRef: { namespace: tenant.namespace, name } } };
    const [configPath, bootstrap] = [
      join(directory, "contour.json"),
      join(directory, "envoy.json"),
    ];
    await writeFile(configPath, JSON.stringify(config));
    const xds = ["--xds-address", loopback, "--xds-port", `${ports.xds}`];
    const admin = ["--admin-address", join(directory, "admin.sock")];
    await run(contour, ["bootstrap", bootstrap, ...xds, ...admin]);
    gateway.#run("contour", [
      ...[contour, "serve", "--kubeconfig", tenant.world.cluster.kubeconfigPath],
      ...["--config-path", configPath, "--insecure", ...xds, "--disable-leader-election"],
      ...["stats", "health", "http"].flatMap((what) => [`--${what}-address`, loopback]),
      ...Object.entries(ports).flatMap(([what, number]) =>
        what === "xds"
          ? []
          : [what === "debug" ? "--debug-http-port" : `--${what}-port`, `${number}`],
      ),
      ...["--envoy-service-http-address", loopback],
      ...kindsLeftOut.map((kind) => `--disable-feature=${kind}`),
    ]);
    const node = ["--service-cluster", name, "--service-node", name, "--concurrency", "1"];
    gateway.#run("envoy", [envoy, "-c", bootstrap, ...node, "--log-level", "warning"]);
    return gateway;
  }

  /** An HTTPRoute of the whole of this gateway to a Service. */
  async route(service: string): Promise<void> {
    const backendRefs = [{ name: service, port: 80 }];
    await this.#tenant.apply({
      apiVersion,
      kind: "HTTPRoute",
      metadata: { name: service, namespace: this.#tenant.namespace },
      spec: { parentRefs: [{ name }], rules: [{ backendRefs }] },
    });
  }

  /** What the gateway answers. Throws, with the ends of its logs, while it does not listen. */
  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    try {
      const answer = await fetch(`http://${loopback}:${port}${path}`);
      return { status: answer.status, body: await answer.text() };
    } catch (error) {
      const logs = await Promise.all(["contour", "envoy"].map((who) => this.#endOfLog(who)));
      throw new Error(logs.join("\n"), { cause: error });
    }
  }

  async close(): Promise<void> {
    for (const process of this.#processes) {
      if (process.exitCode !== null || process.signalCode !== null) continue;
      process.kill("SIGKILL");
      await once(process, "exit");
    }
    await this.#tenant.kubectl("delete", "-f", this.#kinds, "--timeout=60s");
    await rm(this.#directory, { recursive: true });
  }

  #run(who: string, argv: readonly string[]): void {
    const log = `exec "$@" >${join(this.#directory, who)}.log 2>&1`;
    const command = ["--pdeathsig=KILL", "sh", "-euc", log, who, ...argv];
    this.#processes.push(spawn("setpriv", command, { stdio: "ignore" }));
  }

  async #endOfLog(who: string): Promise<string> {
    const text = await readFile(join(this.#directory, `${who}.log`), "utf8");
    return `${who}: ${text.slice(-1000)}`;
  }
}

const gatewayClass = {
  apiVersion,
  kind: "GatewayClass",
  metadata: { name },
  spec: { controllerName: "projectcontour.io/gateway-controller" },
};

function gatewayIn(namespace: string): object {
  return {
    apiVersion,
    kind: "Gateway",
    metadata: { name, namespace },
    spec: { gatewayClassName: name, listeners: [listener] },
  };
}
