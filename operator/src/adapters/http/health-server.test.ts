// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type HealthServer, startHealthServer } from "./health-server.ts";

describe("the health server", () => {
  let server: HealthServer;
  beforeEach(async () => {
    server = await startHealthServer({
      host: "127.0.0.1",
      port: 0,
      async respond(path) {
        if (path === "/broken") throw new Error("undefined is not a function");
        return { status: 503, contentType: "text/plain", body: `${path} is größer\n` };
      },
    });
  });
  afterEach(() => server.close());

  const url = (path: string): string => `http://127.0.0.1:${server.port}${path}`;

  test("answers as it is told, whatever the query", async () => {
    const response = await fetch(url("/readyz?verbose"));
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(await response.text()).toBe("/readyz is größer\n");
  });

  test("takes nothing but GET", async () => {
    expect((await fetch(url("/readyz"), { method: "POST", body: "x" })).status).toBe(405);
  });

  test("survives an answer that fails", async () => {
    expect((await fetch(url("/broken"))).status).toBe(500);
    expect((await fetch(url("/readyz"))).status).toBe(503);
  });

  test("says when it cannot listen", async () => {
    const { port } = server;
    const second = startHealthServer({ host: "127.0.0.1", port, respond: () => Promise.reject() });
    await expect(second).rejects.toThrow("EADDRINUSE");
  });
});
