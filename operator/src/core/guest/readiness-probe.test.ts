// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { type ReadinessProbe, readinessProbeSchema } from "../../api/v1alpha1/readiness-probe.ts";
import { aGuest } from "../../testing/builders.ts";
import { asksAgent, describeProbe, formatProbe } from "./readiness-probe.ts";

const { domain } = aGuest().spec;
const front = { name: "front", mac: "fa:00:00:00:00:01", pod: { address: "10.7.7.7" } };
const onPodNetwork = { ...domain, networks: [front] };
const probe = (spec: unknown): ReadinessProbe => readinessProbeSchema.parse(spec);
const format = (spec: unknown): string => formatProbe(probe(spec), onPodNetwork);

describe("a readiness probe, as its pod reads it", () => {
  test("has Kubernetes' times unless others are given", () => {
    expect(format({ tcpSocket: { port: 22 } })).toBe("tcp 0 10 1 1 3 10.7.7.7 22\n");
    const times = { initialDelaySeconds: 7, periodSeconds: 5, timeoutSeconds: 4 };
    const given = { tcpSocket: { port: 22 }, ...times, successThreshold: 2, failureThreshold: 9 };
    expect(format(given)).toBe("tcp 7 5 4 2 9 10.7.7.7 22\n");
  });

  test("holds the whole request, with headers of the user's", () => {
    const httpHeaders = [{ name: "host", value: "web.example.org" }];
    expect(format({ httpGet: { port: 80, path: "/a?b", httpHeaders } })).toBe(
      "http 0 10 1 1 3 10.7.7.7 80\nGET /a?b HTTP/1.1\r\nUser-Agent: kilonova\r\nConnection: close\r\nhost: web.example.org\r\n\r\n",
    );
    expect(format({ httpGet: { port: 80 } })).toContain("GET / HTTP/1.1\r\nHost: 10.7.7.7:80\r\n");
  });

  test("holds the agent's command, and goes nowhere else", () => {
    const command = ["/bin/sh", "-c", 'test "$(id -u)" = 0'];
    const text = formatProbe(probe({ exec: { command } }), { ...domain, networks: [] });
    const [line, json = ""] = text.split("\n");
    expect(line).toBe("exec 0 10 1 1 3 0.0.0.0 0");
    expect(JSON.parse(json)).toEqual({
      execute: "guest-exec",
      arguments: { path: "/bin/sh", arg: command.slice(1) },
    });
    expect(format({ guestAgentPing: {} })).toMatch(/^ping .*\n\{"execute":"guest-ping"\}$/);
  });

  test("fits the memory that its pod has for it, at its longest", () => {
    const longest = "\u{1f600}".repeat(512);
    const text = format({ exec: { command: Array.from({ length: 16 }, () => longest) } });
    expect(new TextEncoder().encode(text).length).toBeLessThan(65_536);
  });

  test.each([
    [{ tcpSocket: { port: 22 } }, false, "a TCP connection to port 22"],
    [{ httpGet: { port: 80, path: "/up" } }, false, "GET /up on port 80"],
    [{ exec: { command: ["/bin/check"] } }, true, "its agent runs /bin/check"],
    [{ guestAgentPing: {} }, true, "a ping of its agent"],
  ])("%j is told in words", (spec, isOfAgent, words) => {
    expect(asksAgent(probe(spec))).toBe(isOfAgent);
    expect(describeProbe(probe(spec))).toBe(words);
  });
});
