// SPDX-License-Identifier: Apache-2.0
/** The test guest's web server, as a node reaches it. */
import type { Tenant } from "./tenant.ts";
import { until } from "./wait.ts";

/** A node has no client of the web but its shell. */
export const httpGet = (address: string, path: string): readonly string[] => {
  const script = 'exec 3<>"/dev/tcp/$1/80"; printf "GET %s HTTP/1.0\\r\\n\\r\\n" "$2" >&3; cat <&3';
  return ["timeout", "20", "bash", "-c", script, "bash", address, path];
};

/** The body that a web server gives to a node. */
export function get(tenant: Tenant, node: string, address: string, path: string): Promise<string> {
  return until(
    `${node} reaches ${address}`,
    async () => {
      const { stdout } = await tenant.world.cluster.node(node).exec(httpGet(address, path));
      return stdout.split("\r\n\r\n")[1];
    },
    { timeoutSeconds: 45 },
  );
}

/** What a shell command in the guest prints, asked for at the server's address. */
export async function inGuest(tenant: Tenant, server: string, command: string): Promise<string> {
  const address = (await tenant.server(server)).status?.addresses?.[0]?.address ?? "";
  return get(tenant, "node-1", address, `/sh?c=${encodeURIComponent(command)}`);
}
