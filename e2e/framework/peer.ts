// SPDX-License-Identifier: Apache-2.0
/** Pods beside a tenant's servers: clients and servers of the web on a node of choice. */
import { inject } from "vitest";
import type { Tenant } from "./tenant.ts";

interface PeerOptions {
  readonly name: string;
  readonly nodeName: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Tells whoever asks under which address it is seen. */
const program = `require("node:http")
  .createServer((request, response) => response.end(request.socket.remoteAddress))
  .listen(8000, "::")`;

const fetching = `fetch(process.argv[1], { signal: AbortSignal.timeout(5000) })
  .then((answer) => answer.text())
  .then(console.log, (error) => console.log("failed:", error.cause?.code ?? error.name))`;

/** A pod that answers at port 8000, of both families, and asks others. */
export class Peer {
  readonly #tenant: Tenant;
  readonly #name: string;

  private constructor(tenant: Tenant, name: string) {
    this.#tenant = tenant;
    this.#name = name;
  }

  /** Starts one and waits until it is ready. */
  static async start(tenant: Tenant, options: PeerOptions): Promise<Peer> {
    const { namespace } = tenant;
    await tenant.apply(podOf(namespace, options));
    const ready = ["--for=condition=Ready", "--timeout=60s"];
    await tenant.kubectl("wait", "-n", namespace, `pod/${options.name}`, ...ready);
    return new Peer(tenant, options.name);
  }

  /** Its addresses on the pod network, one of each family, IPv4 first. */
  async addresses(): Promise<readonly string[]> {
    const path = "jsonpath={.status.podIPs[*].ip}";
    const { namespace } = this.#tenant;
    return (
      await this.#tenant.kubectl("get", "pod", "-n", namespace, this.#name, "-o", path)
    ).split(" ");
  }

  /** The body of what is there, or `failed: ` with the cause; after 5 s there is nothing. */
  get(url: string): Promise<string> {
    const command = ["node", "-e", fetching, url];
    return this.#tenant.kubectl("exec", "-n", this.#tenant.namespace, this.#name, "--", ...command);
  }
}

function podOf(namespace: string, { name, nodeName, labels, annotations }: PeerOptions): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels, annotations },
    spec: {
      nodeName,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 0,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65534,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "node",
          image: inject("release").product,
          imagePullPolicy: "Never",
          command: ["node", "-e", program],
          readinessProbe: { tcpSocket: { port: 8000 }, periodSeconds: 1 },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  };
}
