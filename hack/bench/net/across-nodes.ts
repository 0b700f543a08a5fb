// SPDX-License-Identifier: Apache-2.0
/** Guests and pods on two nodes of the cluster: every way between them in the same run. */
import { spawn } from "node:child_process";
import { bridgedNetwork } from "../../../e2e/framework/attachment.ts";
import { serveImage } from "../../../e2e/framework/image-server.ts";
import { findProcesses } from "../../../e2e/framework/processes.ts";
import { until } from "../../../e2e/framework/wait.ts";
import { apiVersion } from "../../../operator/src/api/define-kind.ts";
import type { Server } from "../../../operator/src/api/kinds.ts";
import { bridge } from "../../cluster/layout.ts";
import { run } from "../../exec.ts";
import { percentile } from "../report.ts";
import type { BenchWorld } from "../world.ts";
import { Comparison, type End, type Figures, serveArguments, wireProgram } from "./wire.ts";

/** An end that others reach. */
interface Place extends End {
  readonly address: string;
}

const bootSecondsMax = 180;
const answerIntervalMs = 25;
const wireName = "wire";
const wireAddresses = ["10.8.0.7", "10.8.0.8"] as const;
const severalQueues = {
  apiVersion,
  kind: "Flavor",
  metadata: { name: "bench.queues" },
  spec: {
    vcpus: 2,
    memoryMib: 192,
    rootDiskGib: 1,
    extraSpecs: { "hw:vif_multiqueue_enabled": "true" },
  },
};

/** Each of two guests has a card on the pod network, by NAT, and one on a wire that joins the nodes' bridges. */
export async function acrossNodes(
  world: BenchWorld,
): Promise<{ figures: Figures; ratios: Figures }> {
  const program = await wireProgram();
  const [first, second] = (await world.cluster.status()).nodes;
  if (first === undefined || second === undefined) throw new Error("this takes two nodes");
  await world.tenant.apply(severalQueues, bridgedNetwork(world.namespace, wireName));
  const pods = [await podOn(world, first.name, 1), await podOn(world, second.name, 2)] as const;
  const floor = { from: pods[0], to: pods[1].address };
  const compared = await Comparison.with("pod to pod", floor);
  const answerSeconds: number[] = [];
  for (const queues of [1, 2] as const) {
    const guests = await bootPair(world, program, queues);
    answerSeconds.push(...guests.answerSeconds);
    // The pod on the other node than the guest's.
    const pod = guests.host === first.name ? pods[1] : pods[0];
    for (const [name, from, to] of [
      ["guest to guest by NAT", guests.first, guests.second.address],
      ["guest to guest by bridge", guests.first, wireAddresses[1]],
      ["guest to pod", guests.first, pod.address],
      ["pod to guest", pod, guests.first.address],
    ] as const) {
      await compared.add(name, { from, to }, queues);
    }
    await guests.remove();
  }
  const answered = { "ACTIVE to first answer, p50 s": percentile(answerSeconds, 0.5) };
  return { figures: { ...answered, ...compared.figures }, ratios: compared.ratios };
}

/** A pod that sleeps, with the program in its network. */
async function podOn(world: BenchWorld, nodeName: string, number: number): Promise<Place> {
  const name = `floor-${number}`;
  // Tells its process from any other.
  const duration = String(86_000 + number);
  await world.tenant.apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: world.namespace },
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 0,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "sleep",
          image: world.release.guest,
          command: ["/usr/bin/sleep", duration],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  });
  const isIts = (command: readonly string[]): boolean => command[1] === duration;
  const within = { timeoutSeconds: 60 };
  const process = await until(`pod ${name}`, async () => findProcesses(isIts)[0], within);
  const address = await until(
    `the address of pod ${name}`,
    async () =>
      world.tenant.kubectl(
        ...["get", "pod", "-n", world.namespace, name, "-o", "jsonpath={.status.podIP}"],
      ),
    within,
  );
  const inside = [`--target=${process.pid}`, "--net", "--", await wireProgram()];
  // It ends with the benchmark.
  const server = ["--pdeathsig=KILL", "nsenter", ...inside, ...serveArguments];
  spawn("setpriv", server, { stdio: "ignore" }).unref();
  return { address, run: async (...args) => (await run("nsenter", [...inside, ...args])).stdout };
}

/** Two guests on two nodes. */
async function bootPair(world: BenchWorld, program: string, queues: 1 | 2) {
  const names = [`first-${queues}`, `second-${queues}`] as const;
  const flavor = queues === 1 ? {} : { flavor: severalQueues.metadata.name };
  const apart = { schedulerHints: { differentHost: [names[0]] } };
  const specs = [
    { ...flavor, networks: networksWith(wireAddresses[0]) },
    { ...flavor, networks: networksWith(wireAddresses[1]), ...apart },
  ] as const;
  const first = await bootGuest(world, program, { name: names[0], spec: specs[0] });
  const second = await bootGuest(world, program, { name: names[1], spec: specs[1] });
  return {
    first,
    second,
    host: first.host,
    answerSeconds: [first.answerSeconds, second.answerSeconds],
    remove: async () => {
      for (const name of names) await world.deleteServer(name);
    },
  };
}

function networksWith(address: string): Server["spec"]["networks"] {
  const attachment = { name: wireName, address: `${address}/24` };
  return [
    { name: "front", pod: {} },
    { name: "back", networkAttachment: attachment },
  ];
}

async function bootGuest(
  world: BenchWorld,
  program: string,
  { name, spec }: { readonly name: string; readonly spec: object },
) {
  await world.tenant.createServer(name, spec);
  const activeAtMs = await world.untilActive(name);
  const { status } = await world.tenant.server(name);
  const address = status?.addresses?.[0]?.address ?? "";
  const { pid } = await world.tenant.qemu(name);
  const ask = async (command: string, maxSeconds = "30"): Promise<string> => {
    const url = `http://${address}/sh?c=${encodeURIComponent(command)}`;
    const curl = ["curl", "--silent", "--fail", "--max-time", maxSeconds, url];
    return (await run("nsenter", [`--target=${pid}`, "--net", "--", ...curl])).stdout;
  };
  const answered = { timeoutSeconds: bootSecondsMax, intervalMs: answerIntervalMs };
  await until(
    `${name} answers`,
    async () => (await ask("echo yes", "1")).includes("yes"),
    answered,
  );
  const answerSeconds = (performance.now() - activeAtMs) / 1000;
  await (await world.tenant.console(name)).until(/KILONOVA-GUEST up/, answered);
  const files = await serveImage(program, bridge.address);
  await ask("udhcpc -i eth1 -n -q -t 5 -s /etc/udhcpc.sh");
  await ask(`wget -qO /run/wire ${files.url} && chmod 755 /run/wire`);
  await files.close();
  await ask(`/run/wire ${serveArguments.join(" ")} > /dev/null 2>&1 &`);
  return {
    address,
    answerSeconds,
    host: status?.hypervisor,
    run: (...args: readonly string[]) => ask(`/run/wire ${args.join(" ")}`),
  };
}
