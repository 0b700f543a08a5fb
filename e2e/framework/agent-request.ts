// SPDX-License-Identifier: Apache-2.0
/** Requests with the real token of a node's agent: what a thief of that token could do. */
import type { World } from "./world.ts";

export interface AgentRequest {
  readonly method: "PATCH" | "PUT";
  readonly path: string;
  readonly contentType: string;
  readonly body: object;
}

const script = `
const { readFileSync } = require("node:fs");
const [method, path, type, body] = process.argv.slice(1);
const secrets = "/var/run/secrets/kubernetes.io/serviceaccount/";
const request = require("node:https").request(
  {
    host: process.env.KUBERNETES_SERVICE_HOST,
    port: process.env.KUBERNETES_SERVICE_PORT,
    ca: readFileSync(secrets + "ca.crt"),
    headers: {
      authorization: "Bearer " + readFileSync(secrets + "token", "utf8"),
      "content-type": type,
    },
    method,
    path,
  },
  (response) => {
    process.stdout.write(response.statusCode + " ");
    response.pipe(process.stdout);
  },
);
request.end(body);
`;

/** The status code and the body that the API server answers the agent of that node with. */
export async function requestAsAgentOf(
  world: World,
  node: string,
  { method, path, contentType, body }: AgentRequest,
): Promise<string> {
  const agents = ["get", "pods", "-n", "kilonova-system", "-o", "name"];
  const { stdout: pod } = await world.cluster.kubectl([
    ...[...agents, "-l", "app.kubernetes.io/component=agent"],
    ...["--field-selector", `spec.nodeName=${node}`],
  ]);
  const { stdout } = await world.cluster.kubectl([
    ...["exec", "-n", "kilonova-system", pod.trim(), "-c", "agent", "--"],
    ...["node", "-e", script, method, path, contentType, JSON.stringify(body)],
  ]);
  return stdout;
}
