// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Gateway } from "../../framework/gateway.ts";
import { serviceOf } from "../../framework/services.ts";
import { Tenant } from "../../framework/tenant.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-gateway";
/** The controller is built before the first run. */
const prepareMsMax = 1_200_000;
/** The test guest answers 500 while there is no such file. */
const file = "/run/healthy";
/** What Envoy says for a Service without ready endpoints. */
const nobody = "no healthy upstream";
const readinessProbe = {
  httpGet: { port: 80, path: `/read?path=${file}` },
  periodSeconds: 1,
  timeoutSeconds: 5,
  failureThreshold: 2,
};

describe("an HTTPRoute to a server", () => {
  let tenant: Tenant;
  let gateway: Gateway;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    gateway = await Gateway.start(tenant);
    await tenant.apply(serviceOf(tenant, "web", { app: "web" }));
    await gateway.route("web");
    const probed = tenant.serverManifest("web", {}, { app: "web" });
    await tenant.apply({ ...probed, spec: { ...probed.spec, readinessProbe } });
    await tenant.untilPhase("web", "ACTIVE", 90);
    await (await tenant.console("web")).until(/KILONOVA-GUEST up/, { timeoutSeconds: 150 });
  }, prepareMsMax);

  afterAll(async () => {
    await gateway?.close();
    await tenant.remove();
  });

  const untilAnswer = (status: number, text: string) =>
    until(
      `the route answers ${status}: ${text}`,
      async () => {
        const answer = await gateway.get("/");
        if (answer.status === status && answer.body.includes(text)) return answer;
        throw new Error(`${answer.status}: ${answer.body}`);
      },
      { timeoutSeconds: 60 },
    );
  const untilNobodyServes = () => untilAnswer(503, nobody);
  const untilGuestServes = async () => {
    const { addresses } = (await tenant.server("web")).status ?? {};
    return untilAnswer(200, addresses?.[0]?.mac ?? "no card");
  };
  const ask = async (request: string): Promise<string> =>
    (await tenant.console("web")).ask(request);

  test("answers 503 while the server's guest runs and is not ready", async () => {
    expect(await untilNobodyServes()).toEqual({ status: 503, body: nobody });
  });

  test("leads to the guest when it is", async () => {
    await ask(`/write?path=${file}&data=yes`);
    expect(await untilGuestServes()).toMatchObject({ status: 200 });
  });

  test("answers 503 again while the probe fails, and leads to the guest after that", async () => {
    await ask(`/sh?c=rm+${file}`);
    expect(await untilNobodyServes()).toEqual({ status: 503, body: nobody });
    await ask(`/write?path=${file}&data=yes`);
    expect(await untilGuestServes()).toMatchObject({ status: 200 });
  });

  test("answers 503 while the server is off", async () => {
    await tenant.patchServer("web", { powerState: "Stopped" });
    await tenant.untilPhase("web", "SHUTOFF");
    expect(await untilNobodyServes()).toEqual({ status: 503, body: nobody });
  });
});
