// SPDX-License-Identifier: Apache-2.0
/** How often we write Server, Guest and Pod from the creation of a server until it is ACTIVE. */
import { readFileSync } from "node:fs";
import { type BenchWorld, openBenchWorld } from "./world.ts";
import { percentile, type Report } from "./report.ts";

const serverCount = 5;

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly responseStatus?: { readonly code?: number };
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
  };
}

const ours = /^system:serviceaccount:kilonova-system:/;
const counted = new Set(["servers", "guests", "pods"]);

function writesIn(world: BenchWorld, namespace: string): AuditEvent[] {
  return readFileSync(world.cluster.auditLogPath, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ stage, objectRef }) => stage === "ResponseComplete" && objectRef !== undefined)
    .filter(({ objectRef }) => objectRef?.namespace === namespace)
    .filter(({ objectRef }) => counted.has(objectRef?.resource ?? ""))
    .filter(({ user }) => ours.test(user.username))
    .filter(({ verb }) => ["create", "update", "patch", "delete"].includes(verb));
}

const nameOf = ({ verb, objectRef }: AuditEvent): string =>
  `${verb} ${objectRef?.resource}${objectRef?.subresource ? `/${objectRef.subresource}` : ""}`;

export async function writes(): Promise<Report> {
  const world = await openBenchWorld("bench-writes");
  try {
    await world.warm();
    const totals: number[] = [];
    const byName: Record<string, number> = {};
    for (let index = 0; index < serverCount; index += 1) {
      const before = writesIn(world, world.namespace).length;
      await world.createServer(`server-${index}`);
      await world.untilActive(`server-${index}`);
      const mine = writesIn(world, world.namespace).slice(before);
      totals.push(mine.length);
      for (const event of mine) byName[nameOf(event)] = (byName[nameOf(event)] ?? 0) + 1;
      await world.deleteServer(`server-${index}`);
    }
    const perServer = Object.entries(byName).map(([name, count]): [string, number] => [
      `${name}, per server`,
      count / serverCount,
    ]);
    return {
      about: `Our writes on Server, Guest and Pod from create to ACTIVE, image cached, ${serverCount} servers one after the other, counted in the API server's audit log.`,
      figures: { "writes p50": percentile(totals, 0.5), ...Object.fromEntries(perServer) },
      ratios: {},
    };
  } finally {
    await world.close();
  }
}
