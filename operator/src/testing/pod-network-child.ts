// SPDX-License-Identifier: Apache-2.0
/** Has the agent's programs where it looks for them, and does what its parent asks: see pod-network-world.ts. */
import { chmod, writeFile } from "node:fs/promises";
import { createPodNetworks } from "../adapters/host/pod-networks.ts";
import { systemPodRuntime } from "../adapters/host/pod-runtime.ts";
import { runCommand } from "../adapters/host/run-command.ts";
import { planNetworks } from "../core/guest/network/plan.ts";
import type { AgentRequest } from "./pod-network-world.ts";

/** Comes first in the path of the agent's commands. */
const directory = "/usr/local/sbin";
const [, , rootfs = "", proc = ""] = process.argv;
const networks = createPodNetworks(proc);

/** The programs of the image are newer than this machine's libraries: they bring their own. */
async function install(program: string): Promise<void> {
  const libraries = `--library-path ${rootfs}/usr/lib/x86_64-linux-gnu`;
  const command = `${rootfs}/usr/lib64/ld-linux-x86-64.so.2 ${libraries} ${rootfs}/usr/${program}`;
  const path = `${directory}/${program.split("/").at(-1)}`;
  await writeFile(path, `#!/bin/sh\nexec ${command} "$@"\n`);
  await chmod(path, 0o755);
}

async function obey(request: AgentRequest): Promise<unknown> {
  const { pod, directory: podDirectory } = request;
  if (request.kind === "traffic") {
    const traffic = (await networks.readTraffic([pod])).get(pod.podUid);
    return Object.fromEntries(traffic ?? []);
  }
  if (request.kind === "setUp") return networks.setUp(pod, request.setup);
  const links = await networks.readLinks(pod);
  if (request.kind === "links") return links;
  const plan = planNetworks({ ...request.guest, uid: pod.uid, links });
  if (!plan.ok) throw new Error(plan.message);
  await networks.setUp(pod, plan.setup);
  const mount = { podUid: pod.podUid, directory: podDirectory };
  await systemPodRuntime.writeLeases(mount, plan.setup.leases);
  return plan.connected;
}

process.on("message", (request: AgentRequest) => {
  obey(request).then(
    (value) => process.send?.({ value }),
    (error: Error) => process.send?.({ error: `${error.name}: ${error.message}` }),
  );
});
process.on("disconnect", () => process.exit());
await runCommand(["mount", "-t", "tmpfs", "programs", directory], { timeoutSeconds: 10 });
for (const program of ["bin/ip", "sbin/nft"]) await install(program);
process.send?.({ value: "ready" });
