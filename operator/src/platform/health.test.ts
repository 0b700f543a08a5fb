// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { Health } from "./health.ts";
import { Metrics } from "./metrics.ts";

describe("health", () => {
  test("is good while nothing is wrong", async () => {
    const health = new Health(new Metrics());
    expect(await health.respond("/healthz")).toMatchObject({ status: 200, body: "ok\n" });
    health.addReadiness("informers", () => undefined);
    expect(await health.respond("/readyz")).toMatchObject({ status: 200, body: "informers: ok\n" });
  });

  test("says which check fails and why, and keeps life and readiness apart", async () => {
    const health = new Health(new Metrics());
    health.addLiveness("event loop", () => undefined);
    health.addReadiness("informers", () => "servers: no list yet");
    health.addReadiness("libvirt", () => undefined);
    expect(await health.respond("/healthz")).toMatchObject({ status: 200 });
    expect(await health.respond("/readyz")).toMatchObject({
      status: 503,
      body: "informers: servers: no list yet\nlibvirt: ok\n",
    });
  });

  test("shows metrics in Prometheus' format, and knows nothing else", async () => {
    const metrics = new Metrics();
    metrics.isLeader.set(1);
    const health = new Health(metrics);
    expect(await health.respond("/metrics")).toMatchObject({
      status: 200,
      contentType: "text/plain; version=0.0.4; charset=utf-8",
      body: expect.stringContaining("kilonova_leader 1"),
    });
    expect(await health.respond("/secrets")).toMatchObject({ status: 404 });
  });

  test("shows the process's own figures when asked for", async () => {
    const metrics = new Metrics();
    metrics.collectProcess();
    expect(await metrics.text()).toContain("process_resident_memory_bytes");
  });
});
