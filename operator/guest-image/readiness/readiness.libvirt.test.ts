// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { repositoryPath } from "../../../hack/image/repository.ts";
import { readinessProbeSchema } from "../../src/api/v1alpha1/readiness-probe.ts";
import { formatProbe } from "../../src/core/guest/readiness-probe.ts";
import { aGuest } from "../../src/testing/builders.ts";
import { until } from "../../src/testing/until.ts";
import { throwIfUnsound } from "../testing/compiled.ts";
import { ReadinessWorld } from "../testing/readiness-world.ts";

const firstForkFails = repositoryPath("operator/guest-image/testing/first-fork-fails.h");
let world: ReadinessWorld;

beforeEach(async () => {
  world = await ReadinessWorld.start();
}, 60_000);

afterEach(async () => {
  await world.close();
  throwIfUnsound(world.stderr);
});

const { domain } = aGuest().spec;
const front = { name: "front", mac: "fa:00:00:00:00:01", pod: { address: "127.0.0.1" } };

/** The probe as the operator writes it, with one second from probe to probe. */
function probe(spec: Parameters<typeof readinessProbeSchema.parse>[0]): Promise<void> {
  const times = { periodSeconds: 1, failureThreshold: 1, ...(spec as object) };
  const text = formatProbe(readinessProbeSchema.parse(times), { ...domain, networks: [front] });
  return world.probe(text);
}

const becomesReady = (): Promise<void> => until("it is ready", () => world.isReady());
const becomesUnready = (): Promise<void> =>
  until("it is not ready", async () => !(await world.isReady()));

describe("without a probe", () => {
  test("a guest is ready while it runs", async () => {
    await sleep(300);
    expect(await world.isReady()).toBe(false);
    world.startGuest();
    await becomesReady();
    world.stopGuest();
    await becomesUnready();
    expect(world.stderr).toBe("");
  });
});

describe("with a probe", () => {
  test("a guest is ready while its server answers with success, and its log tells of changes alone", async () => {
    await probe({
      httpGet: { port: 80, path: "/healthz?full", httpHeaders: [{ name: "X", value: "y" }] },
      // A busy machine is no other cause.
      timeoutSeconds: 20,
    });
    world.startGuest();
    await until("it is refused", () => world.stderr.includes("port 80: Connection refused"));
    expect(await world.isReady()).toBe(false);
    await world.serveHttp(204);
    await becomesReady();
    expect(world.requests[0]).toBe(
      'GET /healthz?full {"host":"127.0.0.1:80","user-agent":"kilonova","connection":"close","x":"y"}',
    );
    await world.serveHttp(503);
    await becomesUnready();
    await world.serveHttp(404);
    await until("the cause is another one", () => world.stderr.includes("HTTP status 404"));
    await world.serveHttp(302);
    await becomesReady();
    world.stopGuest();
    await becomesUnready();
    expect(world.stderr.trim().split("\n")).toEqual([
      "program: the guest is not ready: port 80: Connection refused",
      "program: the guest is ready",
      "program: the guest is not ready: port 80: HTTP status 503",
      "program: the guest is not ready: port 80: HTTP status 404",
      "program: the guest is ready",
    ]);
  });

  test("thresholds count what follows one another", async () => {
    await world.serveHttp(200);
    await probe({ httpGet: { port: 80 }, successThreshold: 2, failureThreshold: 3 });
    world.startGuest();
    await until("it is asked", () => world.requests.length === 1);
    await sleep(300);
    expect(await world.isReady()).toBe(false);
    await becomesReady();
    expect(world.requests.length).toBe(2);
    await world.serveHttp(500);
    await until("it is asked twice more", () => world.requests.length === 4);
    await sleep(300);
    expect(await world.isReady()).toBe(true);
    await becomesUnready();
    expect(world.requests.length).toBe(5);
  });

  test("a new probe takes over while the guest stays ready, and none is as without", async () => {
    await world.serveHttp(200);
    world.startGuest();
    await becomesReady();
    await probe({ tcpSocket: { port: 80 } });
    await until("it succeeded", () => world.stderr.includes("the guest is ready"));
    expect(await world.isReady()).toBe(true);
    await probe({ tcpSocket: { port: 82 } });
    await becomesUnready();
    await world.probe("");
    await becomesReady();
  });

  test("the first one waits for its delay", async () => {
    await world.serveHttp(200);
    await probe({ tcpSocket: { port: 80 }, initialDelaySeconds: 2 });
    const startedAt = performance.now();
    world.startGuest();
    await becomesReady();
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
  });

  test("one that gets no answer fails when its time is over", async () => {
    await world.serveHttp(200);
    await probe({ httpGet: { port: 81 } });
    world.startGuest();
    await until("it failed", () => world.stderr.includes("not ready: no answer within 1 s"));
    expect(await world.isReady()).toBe(false);
  });

  test("one that cannot be started is followed by the next", async () => {
    await world.close();
    world = await ReadinessWorld.start(["-include", firstForkFails]);
    await world.serveHttp(200);
    await probe({ httpGet: { port: 80 } });
    world.startGuest();
    await becomesReady();
    expect(world.stderr).toContain("fork: ");
  });

  test("the agent's ping counts", async () => {
    await probe({ guestAgentPing: {} });
    world.startGuest();
    await until("it failed", () => world.stderr.includes("QEMU guest agent is not connected"));
    const commands: string[] = [];
    world.libvirtd.onAgentCommand = (command) => {
      commands.push(command);
      return '{"return":{}}';
    };
    await becomesReady();
    expect(commands[0]).toBe('{"execute":"guest-ping"}');
  });

  test("a command in the guest counts by how it ends", async () => {
    let code = 3;
    let polls = 0;
    world.libvirtd.onAgentCommand = (command) => {
      if (command.includes("guest-exec-status")) {
        polls += 1;
        return polls % 2 === 1
          ? '{"return":{"exited":false}}'
          : `{"return":{"exitcode":${code},"exited":true}}`;
      }
      return command === '{"execute":"guest-exec","arguments":{"path":"/bin/check","arg":["a b"]}}'
        ? '{"return":{"pid":4242}}'
        : undefined;
    };
    await probe({ exec: { command: ["/bin/check", "a b"] } });
    world.startGuest();
    await until("it failed", () => world.stderr.includes("the command ended with 3"));
    code = 0;
    await becomesReady();
    expect(polls).toBeGreaterThanOrEqual(4);
  });

  test("what makes no sense is said, and leaves the guest ready while it runs", async () => {
    await world.probe("tcp 1 2\n");
    world.startGuest();
    await becomesReady();
    expect(world.stderr).toContain("makes no sense");
  });
});
