// SPDX-License-Identifier: Apache-2.0
/**
 * A real API server with its etcd and nothing else, for tests of schemas, admission and rights. It
 * listens on loopback, needs no privileges, and any number of them can run at once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../exec.ts";
import type { RunResult } from "../exec.ts";
import type { InputOptions } from "./contract.ts";
import { apiServerArguments, etcdArguments } from "./control-plane-arguments.ts";
import { waitUntilReady } from "./daemons.ts";
import { apiServerIdentity, CertificateAuthority, writeKubeconfig } from "./pki.ts";
import { identify, isAlive } from "./process-identity.ts";
import { controlPlanePrograms } from "./programs.ts";
import { isApiServerReady, isEtcdReady } from "./readiness.ts";

export interface LoneApiServer {
  readonly url: string;
  readonly caPath: string;
  /** An administrator, by certificate and by kubeconfig. */
  readonly adminCertificatePath: string;
  readonly adminKeyPath: string;
  readonly kubeconfigPath: string;
  readonly processIds: { readonly etcd: number; readonly apiServer: number };
  /** Runs kubectl as the administrator. Throws when it fails. */
  kubectl(args: readonly string[], options?: InputOptions): Promise<RunResult>;
  /** Ends both processes and removes their data. */
  close(): Promise<void>;
}

const directoryPrefix = "kilonova-apiserver-";

/** Starts an API server with an empty etcd. It ends with this process if it is not closed before. */
export async function startApiServer(): Promise<LoneApiServer> {
  const programs = await controlPlanePrograms();
  await removeLeftovers();
  const directory = await makeDirectory();
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(children.map(kill));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const authority = await CertificateAuthority.open(directory, "kubernetes-ca");
    const [clientPort, peerPort, port] = await freePorts();
    const etcdUrl = `http://127.0.0.1:${clientPort}`;
    const etcd = etcdArguments({
      dataDirectory: join(directory, "etcd"),
      clientUrl: etcdUrl,
      peerUrl: `http://127.0.0.1:${peerPort}`,
    });
    await mkdir(join(directory, "etcd"), { mode: 0o700 });
    children.push(
      await start(directory, [join(programs.etcd, "etcd"), ...etcd], () => isEtcdReady(etcdUrl)),
    );
    const url = `https://127.0.0.1:${port}`;
    const apiServer = apiServerArguments({
      etcdUrl,
      address: "127.0.0.1",
      port,
      identity: await apiServerIdentity(directory, authority, []),
      authorizationModes: ["RBAC"],
    });
    children.push(
      await start(directory, [join(programs.kubernetes, "kube-apiserver"), ...apiServer], () =>
        isApiServerReady(url, authority.certificatePath),
      ),
    );
    const admin = await authority.issue({ name: "admin", subject: "/O=system:masters/CN=admin" });
    const kubeconfigPath = join(directory, "admin.kubeconfig");
    await writeKubeconfig(kubeconfigPath, url, authority, admin);
    const env = { KUBECONFIG: kubeconfigPath, KUBECACHEDIR: join(directory, "kubectl-cache") };
    return {
      url,
      caPath: authority.certificatePath,
      adminCertificatePath: admin.certificate,
      adminKeyPath: admin.key,
      kubeconfigPath,
      processIds: { etcd: children[0]?.pid ?? 0, apiServer: children[1]?.pid ?? 0 },
      kubectl: (args, options = {}) =>
        run(join(programs.kubernetes, "kubectl"), args, { ...options, env }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The name tells whose directory it is, so that a later run knows when nobody needs it any more. */
async function makeDirectory(): Promise<string> {
  const self = identify(process.pid);
  return mkdtemp(join(tmpdir(), `${directoryPrefix}${process.pid}-${self?.startTicks}-`));
}

/** Removes the data of runs that were killed. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = /^(\d+)-(\d+)-/.exec(name.slice(directoryPrefix.length));
    if (!name.startsWith(directoryPrefix) || owner === null) continue;
    const [, pid = "", startTicks = ""] = owner;
    if (isAlive({ pid: Number(pid), startTicks })) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

async function start(
  directory: string,
  argv: readonly string[],
  isReady: () => Promise<boolean>,
): Promise<ChildProcess> {
  const logPath = join(directory, "log");
  const log = openSync(logPath, "a");
  // The kernel kills it when this process dies, however that comes about.
  const [program, ...args] = ["setpriv", "--pdeathsig", "KILL", "--", ...argv] as const;
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  closeSync(log);
  try {
    await waitUntilReady({
      name: argv[0] ?? "",
      logPath,
      isReady,
      isRunning: () => Promise.resolve(child.exitCode === null && child.signalCode === null),
    });
  } catch (error) {
    await kill(child);
    throw error;
  }
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/** Ports that nobody listens on at this moment. */
async function freePorts(): Promise<readonly [number, number, number]> {
  // All are held until the last is found, so that no two are the same.
  const held = await Promise.all([holdPort(), holdPort(), holdPort()]);
  await Promise.all(held.map(({ server }) => once(server.close(), "close")));
  return [held[0].port, held[1].port, held[2].port];
}

async function holdPort(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a server without a port");
  return { server, port: address.port };
}
