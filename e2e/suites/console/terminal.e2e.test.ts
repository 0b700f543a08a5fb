// SPDX-License-Identifier: Apache-2.0
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../hack/exec.ts";
import { findProcesses, type Process, pidNamespace } from "../../framework/processes.ts";
import { Tenant } from "../../framework/tenant.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-console";
const within = { timeoutSeconds: 20 };

describe("kubectl exec -it POD -- console", () => {
  let tenant: Tenant;
  let session: ChildProcessWithoutNullStreams;
  let seen = "";

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    const { status } = await tenant.boot("web");
    const { path, env } = await tenant.world.cluster.client("kubectl");
    const command = `${path} exec -it -n ${namespace} ${status?.podName} -- console`;
    // `script` gives kubectl a terminal of its own.
    session = spawn("script", ["-qefc", command, "/dev/null"], {
      env: { ...env, SHELL: "/bin/sh" },
    });
    session.stdout.on("data", (text: Buffer) => (seen += text.toString()));
  });

  afterAll(async () => {
    if (session.exitCode === null) session.kill("SIGKILL");
    await tenant.remove();
  });

  const kubectl = (): Process | undefined =>
    findProcesses((command) => command.includes("exec") && command.includes(namespace)).find(
      ({ pid }) => readlinkSync(`/proc/${pid}/fd/0`).startsWith("/dev/pts/"),
    );
  /** The client in the pod, at the other end of kubectl's connection. */
  const clientIn = (pod: string) => (): Process | undefined =>
    findProcesses(([program, ...rest]) => program === "console" && rest.join("") === "").find(
      ({ pid }) => pidNamespace(pid) === pod,
    );
  const sizeAt = async ({ pid }: Process): Promise<string> =>
    (await run("stty", ["-F", `/proc/${pid}/fd/0`, "size"])).stdout.trim();

  test("hands the size of the terminal on, stays attached, and ends with its key", async () => {
    const near = await until("kubectl has a terminal", async () => kubectl(), within);
    const pod = pidNamespace((await tenant.qemu("web")).pid);
    const far = await until("the console is attached", async () => clientIn(pod)(), within);
    for (const [rows, columns] of [
      [43, 132],
      [24, 80],
    ]) {
      await run("stty", ["-F", `/proc/${near.pid}/fd/0`, "rows", `${rows}`, "cols", `${columns}`]);
      const isThere = async (): Promise<boolean> => (await sizeAt(far)) === `${rows} ${columns}`;
      await until(`the pod's terminal has ${rows} rows`, isThere, within);
    }
    seen = "";
    session.stdin.write("/sh?c=echo+still+attached\r");
    await until("the guest answers", async () => /answer still attached/.test(seen), within);
    session.stdin.write("\u001d");
    expect(await once(session, "exit")).toEqual([0, null]);
  });
});
