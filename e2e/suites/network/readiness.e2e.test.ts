// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiVersion } from "../../../operator/src/api/define-kind.ts";
import { conditionOf } from "../../../operator/src/core/lib/condition-set.ts";
import { readyEndpoints, serviceOf } from "../../framework/services.ts";
import { Tenant } from "../../framework/tenant.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-readiness";
const times = { periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 2 };
/** The test guest answers 500 while there is no such file. */
const file = "/run/healthy";
const httpGet = { port: 80, path: `/read?path=${file}` };
/** A merge patch keeps members that it does not name: null takes them away. */
const nothingElse = { httpGet: null, tcpSocket: null, exec: null, guestAgentPing: null };

describe("a server with a readiness probe", () => {
  let tenant: Tenant;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    const { url, checksum } = tenant.world.image;
    const services = ["web", "api"].map((app) => serviceOf(tenant, app, { app }));
    await tenant.apply(...services, {
      apiVersion,
      kind: "Image",
      metadata: { name: "with-agent", namespace },
      spec: {
        source: { http: { url, checksum } },
        format: "qcow2",
        properties: { hw_qemu_guest_agent: "yes" },
      },
    });
    const spec = { image: { name: "with-agent" }, readinessProbe: { httpGet, ...times } };
    await tenant.apply({
      ...tenant.serverManifest("web", {}, { app: "web" }),
      spec: { flavor: "e2e.tiny", ...spec },
    });
    await tenant.untilPhase("web", "ACTIVE", 90);
    await (await tenant.console("web")).until(/KILONOVA-GUEST up/, { timeoutSeconds: 150 });
  });

  afterAll(() => tenant.remove());

  const podName = async (): Promise<string> => (await tenant.server("web")).status?.podName ?? "";
  const untilAvailable = (status: string, reason: string) =>
    tenant.untilServer("web", `Available ${status} ${reason}`, (server) => {
      const available = conditionOf(server.status?.conditions, "Available");
      return available?.status === status && available.reason === reason;
    });
  const untilEndpoints = (name: string, count: number) =>
    until(
      `${name} leads to ${count}`,
      async () => (await readyEndpoints(tenant, name)).length === count,
      { timeoutSeconds: 30 },
    );
  const probe = (way: object) =>
    tenant.patchServer("web", { readinessProbe: { ...nothingElse, ...way } });
  const makeHealthy = async (): Promise<unknown> =>
    (await tenant.console("web")).ask(`/write?path=${file}&data=yes`);
  const makeSick = async (): Promise<unknown> =>
    (await tenant.console("web")).ask(`/sh?c=rm+${file}`);

  test("is left alone by Services until it answers, and says why", async () => {
    await untilAvailable("False", "ProbeFailing");
    expect(await readyEndpoints(tenant, "web")).toEqual([]);
    await (await tenant.console("web")).until(/not ready: port 80: HTTP status 500/);
    await makeHealthy();
    await untilEndpoints("web", 1);
    await untilAvailable("True", "AsDesired");
  });

  test("leaves its Service while its probe fails, and comes back", async () => {
    await makeSick();
    await untilEndpoints("web", 0);
    const sick = await untilAvailable("False", "ProbeFailing");
    expect(conditionOf(sick.status?.conditions, "Ready")?.status).toBe("True");
    await makeHealthy();
    await untilEndpoints("web", 1);
    await untilAvailable("True", "AsDesired");
  });

  test("is asked another way at once, by its agent as well, and runs on", async () => {
    const { metadata, status } = await tenant.server("web");
    const command = ["/bin/sh", "-c", `test -e ${file}`];
    await probe({ exec: { command } });
    await makeSick();
    await (await tenant.console("web")).until(/not ready: the command ended with 1/);
    await untilEndpoints("web", 0);
    await probe({ guestAgentPing: {} });
    await untilEndpoints("web", 1);
    await probe({ tcpSocket: { port: 81 } });
    await (await tenant.console("web")).until(/not ready: port 81: Connection refused/);
    await untilEndpoints("web", 0);
    await probe({ tcpSocket: { port: 80 } });
    await untilEndpoints("web", 1);
    const now = await tenant.server("web");
    expect(now.metadata.uid).toBe(metadata.uid);
    expect(now.status?.timings).toEqual(status?.timings);
    expect(now.status?.podName).toBe(status?.podName);
  });

  test("goes from Service to Service with its labels, while it runs", async () => {
    await tenant.kubectl("label", "-n", namespace, "server", "web", "app=api", "--overwrite");
    await untilEndpoints("api", 1);
    await untilEndpoints("web", 0);
    await tenant.kubectl("label", "-n", namespace, "server", "web", "app-");
    await untilEndpoints("api", 0);
    const path = "jsonpath={.metadata.labels}";
    const labels = await tenant.kubectl("get", "pod", "-n", namespace, await podName(), "-o", path);
    expect(Object.keys(JSON.parse(labels) as object).toSorted()).toEqual([
      "kilonova.io/server",
      "kilonova.io/server-uid",
    ]);
  });
});
