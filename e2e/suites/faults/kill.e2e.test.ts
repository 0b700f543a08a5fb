// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { killNow, qemusOf } from "../../framework/processes.ts";
import { Tenant } from "../../framework/tenant.ts";
import { agentsOn, killLeader, libvirtdsOn } from "../../framework/victims.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-kill";
const pointCount = 20;
const seed = Number(process.env["KILONOVA_SEED"] ?? 20_261_121);

/** mulberry32: the same seed gives the same points on every machine. */
function seeded(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const acts = ["boot", "stop", "delete"] as const;
const victims = ["operator", "agent", "libvirtd"] as const;

interface Point {
  readonly act: (typeof acts)[number];
  readonly victim: (typeof victims)[number];
  readonly delayMs: number;
}

function points(): Point[] {
  const next = seeded(seed);
  const pick = <T>(list: readonly [T, ...T[]]): T =>
    list[Math.floor(next() * list.length)] ?? list[0];
  return Array.from({ length: pointCount }, () => ({
    act: pick(acts),
    victim: pick(victims),
    delayMs: Math.round(next() * 3000),
  }));
}

describe(`kill -9 at ${pointCount} points, seed ${seed}`, () => {
  let tenant: Tenant;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
  });

  afterAll(() => tenant.remove());

  async function kill({ victim, delayMs }: Point): Promise<void> {
    await sleep(delayMs);
    if (victim === "operator") return killLeader(tenant.world);
    const node = (await tenant.server("web")).status?.hypervisor;
    for (const found of victim === "agent" ? agentsOn(node) : libvirtdsOn(node)) killNow(found);
  }

  /** Looks for a second QEMU all the while. */
  async function expectAtMostOne(act: Promise<void>): Promise<void> {
    const watch = { isOver: false };
    const watching = (async () => {
      while (!watch.isOver) {
        const server = await tenant.server("web").catch(() => undefined);
        if (server !== undefined) {
          expect(qemusOf(server.metadata.uid ?? "").length).toBeLessThanOrEqual(1);
        }
        await sleep(100);
      }
    })();
    try {
      await act;
    } finally {
      watch.isOver = true;
    }
    await watching;
  }

  async function boot(): Promise<void> {
    await tenant.createServer("web");
    await tenant.untilPhase("web", "ACTIVE", 120);
  }

  async function stop(): Promise<void> {
    await tenant.patchServer("web", { powerState: "Stopped" });
    await tenant.untilPhase("web", "SHUTOFF", 120);
    expect(await tenant.qemus("web")).toEqual([]);
  }

  async function remove(): Promise<void> {
    await tenant.kubectl("delete", "server", "-n", namespace, "web", "--timeout=120s");
    expect(await tenant.guestsOf("web")).toEqual([]);
  }

  test.each(points())("$victim dies $delayMs ms into $act", async (point) => {
    const meanwhile = async (act: Promise<void>): Promise<void> => {
      // The victim may not exist yet, or not any more: that is a point as good as any other.
      const killed = kill(point).catch(() => undefined);
      await expectAtMostOne(act);
      await killed;
    };
    await (point.act === "boot" ? meanwhile(boot()) : boot());
    if (point.act === "stop") await meanwhile(stop());
    await (point.act === "delete" ? meanwhile(remove()) : remove());
  });
});
