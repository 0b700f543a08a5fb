// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Link } from "../../core/guest/network/links.ts";
import { PortError } from "../../ports/errors.ts";
import type { PodIdentity, PodNetworks, Traffic } from "../../ports/pod-networks.ts";
import { findPodProcesses, openNetworkNamespace } from "./pod-processes.ts";
import { type RunResult, runCommand } from "./run-command.ts";

const timeoutSeconds = 10;

/** `/proc/sys/net` shows the parameters of the namespace that the reading process is in. */
const setUpScript = `
links=$1 rules=$2
shift 2
printf %s "$links" | ip -batch -
for parameter; do
  printf %s "\${parameter#*=}" > "/proc/sys/\${parameter%%=*}"
done
printf %s "$rules" | nft -f -
`;

/** Only the first says what is noted down at an interface, only the second what addresses it has. */
const lookScript = `
ip -json link show
ip -json address show
`;

/** Network namespaces of the pods whose processes `proc` shows, by iproute2 and nftables. */
export function createPodNetworks(proc = "/proc"): PodNetworks {
  return {
    readLinks: async (pod) => parseLinks(await runInside(pod, ["sh", "-euc", lookScript], proc)),

    setUp: async (pod, { links, parameters, rules }) => {
      const lines = links.map((line) => `${line}\n`).join("");
      const settings = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
      await runInside(pod, ["sh", "-euc", setUpScript, "sh", lines, rules, ...settings], proc);
    },

    readTraffic: async (pods) => {
      const processes = [...(await findPodProcesses(pods, proc))];
      const tables = processes.map(async ([pod, pid]) => {
        const table = await readFile(`${proc}/${pid}/net/dev`, "utf8").catch(() => "");
        return [pod.podUid, parseTraffic(table)] as const;
      });
      return new Map(await Promise.all(tables));
    },
  };
}

async function runInside(pod: PodIdentity, argv: readonly string[], proc: string): Promise<string> {
  const namespace = await openNetworkNamespace(pod, proc);
  try {
    const command = ["nsenter", "--net=/proc/self/fd/3", "--", ...argv];
    const result = await runCommand(command, { timeoutSeconds, file: namespace.fd });
    if (result.exitCode === 0) return result.stdout;
    throw new PortError("NetworkFailed", causeIn(result));
  } finally {
    await namespace.close();
  }
}

/** Both `ip -batch` and `nft` say first what is wrong, and then where. */
function causeIn({ stderr, exitCode }: RunResult): string {
  const [cause = ""] = stderr.trim().split("\n");
  return cause === "" ? `the tool ended with ${exitCode}` : cause.slice(0, 300);
}

/** What `ip -json link` says, as far as it is of interest. */
const linksSchema = z.array(
  z.object({
    ifname: z.string(),
    mtu: z.number(),
    address: z.string().optional(),
    ifalias: z.string().optional(),
  }),
);
/** What `ip -json address` says. */
const addressesSchema = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(
      z.object({
        local: z.string().optional(),
        prefixlen: z.number().optional(),
        scope: z.string().optional(),
      }),
    ),
  }),
);

/** Each answer is one line. */
function parseLinks(text: string): Link[] {
  const [links = "", addresses = ""] = text.trim().split("\n");
  const known = addressesSchema.parse(JSON.parse(addresses));
  return linksSchema.parse(JSON.parse(links)).map(({ ifname, mtu, address, ifalias }) => ({
    name: ifname,
    mtu,
    mac: address ?? "",
    alias: ifalias ?? "",
    addresses: known
      .filter((link) => link.ifname === ifname)
      .flatMap(({ addr_info }) => addr_info)
      .flatMap(({ local, prefixlen, scope }) =>
        local !== undefined && scope === "global" ? [`${local}/${prefixlen}`] : [],
      ),
  }));
}

/** Of the kernel's table: bytes and packets, received in columns 0 and 1, sent in columns 8 and 9. */
function parseTraffic(table: string): Map<string, Traffic> {
  const lines = [...table.matchAll(/^\s*([^\s:]+):\s*(.+)$/gm)];
  return new Map(
    lines.map(([, name = "", figures = ""]) => {
      const columns = figures.trim().split(/\s+/).map(Number);
      const [receivedBytes = 0, receivedPackets = 0] = columns;
      const [sentBytes = 0, sentPackets = 0] = columns.slice(8);
      return [name, { receivedBytes, receivedPackets, sentBytes, sentPackets }];
    }),
  );
}
