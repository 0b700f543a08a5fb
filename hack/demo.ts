// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run demo`: a local cluster, the product in it and a first server, up to its console.
 * `npm run demo -- down` removes the cluster with everything in it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, openCluster } from "./cluster/cluster.ts";
import { buildDemoImages, type DemoImages } from "./demo/images.ts";
import { manifests, namespace, serverName } from "./demo/manifests.ts";
import { deploy } from "./deploy.ts";
import { prepareMachine } from "./machine.ts";
import { step, stepTable } from "./steps.ts";

const bootSecondsMax = 180;

async function up(): Promise<void> {
  await step("prepare the machine", prepareMachine);
  const cluster = await openCluster();
  await step("bring the cluster up", () => cluster.up());
  const images = await step("build the images", buildDemoImages);
  await step("load the images into the nodes", async () => {
    for (const tar of images.archives) await cluster.loadImage(tar);
  });
  const imageServer = await step("serve the guest's disk inside the cluster", () =>
    serveDisk(cluster, images),
  );
  await step("install the chart with helm", () =>
    deploy(cluster, {
      product: images.product,
      guest: images.guest,
      values: { "images.allowedSources": [`${imageServer}/32`] },
    }),
  );
  await step("label the nodes: they shall run servers", () =>
    cluster.kubectl(["label", "--overwrite", "node", "--all", "kilonova.io/hypervisor=true"]),
  );
  await step("apply a Flavor, an Image and a Server", () =>
    apply(cluster, manifests.server(imageServer, images.checksum)),
  );
  const pod = await step("wait for the guest's ready line", () => readyPod(cluster));
  process.stdout.write(`\nWhere the time went:\n${stepTable()}\n`);
  process.stdout.write(await farewell(cluster, pod));
}

async function apply(cluster: Cluster, objects: readonly object[]): Promise<void> {
  const list = { apiVersion: "v1", kind: "List", items: objects };
  await cluster.kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(list) });
}

/** Returns the address of the Service that serves the disk: nodes need no cluster DNS to reach it. */
async function serveDisk(cluster: Cluster, images: DemoImages): Promise<string> {
  await apply(cluster, manifests.imageServer(images.diskServer));
  const deployment = ["deployment", "images", "-n", namespace, "--timeout=90s"];
  await cluster.kubectl(["rollout", "status", ...deployment]);
  const { stdout } = await cluster.kubectl([
    ...["get", "service", "images", "-n", namespace, "-o", "jsonpath={.spec.clusterIP}"],
  ]);
  return stdout;
}

/** The pod of the server once its console shows that the guest is ready. */
async function readyPod(cluster: Cluster): Promise<string> {
  const deadline = performance.now() + bootSecondsMax * 1000;
  const path = "jsonpath={.status.podName}";
  while (performance.now() < deadline) {
    const server = ["get", "server", "-n", namespace, serverName, "-o", path];
    const pod = (await cluster.kubectl(server)).stdout;
    if (pod !== "" && /KILONOVA-GUEST ready/.test(await logOf(cluster, pod))) return pod;
    await sleep(500);
  }
  const { stdout } = await cluster.kubectl(["describe", "server", "-n", namespace, serverName]);
  throw new Error(`the guest was not ready within ${bootSecondsMax} s:\n${stdout}`);
}

async function logOf(cluster: Cluster, pod: string): Promise<string> {
  try {
    return (await cluster.kubectl(["logs", "-n", namespace, pod])).stdout;
  } catch {
    return ""; // The container has not started yet.
  }
}

async function farewell(cluster: Cluster, pod: string): Promise<string> {
  const log = await logOf(cluster, pod);
  const { stdout: table } = await cluster.kubectl([
    "get",
    "servers",
    "-n",
    namespace,
    "-o",
    "wide",
  ]);
  const kubectl = await cluster.client("kubectl");
  return `
${table}
The guest's console says:
  ${log.split(/\r?\n/).find((line) => line.includes("KILONOVA-GUEST ready")) ?? ""}

What to type next:
  export KUBECONFIG=${cluster.kubeconfigPath}
  alias kubectl=${kubectl.path}
  kubectl get servers,hypervisors -A
  kubectl logs -n ${namespace} ${pod}
  kubectl exec -it -n ${namespace} ${pod} -- console        # Ctrl-] leaves
  kubectl patch server -n ${namespace} ${serverName} --type merge -p '{"spec":{"powerState":"Stopped"}}'
  kubectl label node NODE kilonova.io/hypervisor=true   # another node that shall run servers
  npm run demo -- down                                  # remove everything
`;
}

async function down(): Promise<void> {
  const cluster = await openCluster();
  await step("remove the cluster", () => cluster.down());
}

const [verb = "up", ...rest] = process.argv.slice(2);
if (rest.length > 0 || !["up", "down"].includes(verb)) {
  process.stderr.write("usage: npm run demo [-- down]\n");
  process.exitCode = 2;
} else {
  await (verb === "down" ? down() : up());
}
