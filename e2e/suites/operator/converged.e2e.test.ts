// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Tenant } from "../../framework/tenant.ts";
import { operators } from "../../framework/victims.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-converged";
/** Candidates of flavors are counted again up to half a minute after a server came. */
const settleSeconds = 40;
const idleSeconds = 60;

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string };
  readonly requestReceivedTimestamp: string;
}

describe("a converged system", () => {
  let tenant: Tenant;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    await tenant.boot("web");
  });

  afterAll(() => tenant.remove());

  test("has both operators alive, one of them leading", () => {
    expect(operators()).toHaveLength(2);
  });

  test(`writes nothing but Leases for ${idleSeconds} s`, async () => {
    await sleep(settleSeconds * 1000);
    const since = new Date().toISOString();
    await sleep(idleSeconds * 1000);
    const writes = readFileSync(tenant.world.cluster.auditLogPath, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as AuditEvent)
      .filter((event) => event.requestReceivedTimestamp > since)
      .filter(({ stage }) => stage === "ResponseComplete")
      .filter(({ verb }) => ["create", "update", "patch", "delete"].includes(verb))
      .filter(({ user }) => user.username.startsWith("system:serviceaccount:kilonova-system:"));
    expect(writes.filter(({ objectRef }) => objectRef?.resource !== "leases")).toEqual([]);
    // The heartbeats prove that the log was looked at.
    expect(writes.length).toBeGreaterThan(10);
  });

  test("a deleted namespace is gone within 60 s, its guests with it", async () => {
    const qemu = await tenant.qemu("web");
    await tenant.kubectl("delete", "namespace", namespace, "--timeout=60s");
    expect(() => process.kill(qemu.pid, 0)).toThrow();
  });
});
