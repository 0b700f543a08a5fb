// SPDX-License-Identifier: Apache-2.0
/**
 * The readiness probe as the pod's program reads it: everything that is sent is decided here. The program
 * runs the probe, counts, and lets the kubelet find its listener while the guest is ready.
 */
import type { DomainModel } from "../../api/v1alpha1/guest.ts";
import { probeKinds, type ReadinessProbe } from "../../api/v1alpha1/readiness-probe.ts";
import { assert } from "../lib/assert.ts";

/** What a probe needs beside its times: where it goes to, and what it says there. */
interface Question {
  readonly kind: "tcp" | "http" | "ping" | "exec";
  readonly port?: number;
  readonly text?: string;
}

/** Where a guest without a card on the pod network is: the probe asks nobody there. */
const nowhere = "0.0.0.0";

/**
 * One line, `KIND INITIAL-DELAY PERIOD TIMEOUT SUCCESSES FAILURES ADDRESS PORT` with times in seconds, and
 * after it what is sent: the request, or the command for the guest's agent.
 */
export function formatProbe(probe: ReadinessProbe, { networks }: DomainModel): string {
  const address = networks.find(({ pod }) => pod !== undefined)?.pod?.address ?? nowhere;
  const { kind, port = 0, text = "" } = questionOf(probe, address);
  const { initialDelaySeconds, periodSeconds, timeoutSeconds } = probe;
  const { successThreshold, failureThreshold } = probe;
  const times = [initialDelaySeconds, periodSeconds, timeoutSeconds];
  const line = [kind, ...times, successThreshold, failureThreshold, address, port].join(" ");
  return `${line}\n${text}`;
}

/** For people: what is asked of the guest. */
export function describeProbe({ tcpSocket, httpGet, exec }: ReadinessProbe): string {
  if (tcpSocket !== undefined) return `a TCP connection to port ${tcpSocket.port}`;
  if (httpGet !== undefined) return `GET ${httpGet.path} on port ${httpGet.port}`;
  return exec === undefined ? "a ping of its agent" : `its agent runs ${exec.command[0]}`;
}

/** Whether the guest's agent is asked. */
export function asksAgent({ exec, guestAgentPing }: ReadinessProbe): boolean {
  return exec !== undefined || guestAgentPing !== undefined;
}

function questionOf({ tcpSocket, httpGet, exec }: ReadinessProbe, address: string): Question {
  if (tcpSocket !== undefined) return { kind: "tcp", port: tcpSocket.port };
  if (httpGet !== undefined) {
    return { kind: "http", port: httpGet.port, text: requestOf(httpGet, address) };
  }
  if (exec === undefined) return { kind: "ping", text: JSON.stringify({ execute: "guest-ping" }) };
  const [path, ...arg] = exec.command;
  assert(path !== undefined, `a probe has one of ${probeKinds.join(", ")}, a command a program`);
  const command = { execute: "guest-exec", arguments: { path, arg } };
  return { kind: "exec", text: JSON.stringify(command) };
}

function requestOf(
  { path, port, httpHeaders = [] }: NonNullable<ReadinessProbe["httpGet"]>,
  address: string,
): string {
  const isHostGiven = httpHeaders.some(({ name }) => name.toLowerCase() === "host");
  const headers = [
    ...(isHostGiven ? [] : [{ name: "Host", value: `${address}:${port}` }]),
    { name: "User-Agent", value: "kilonova" },
    { name: "Connection", value: "close" },
    ...httpHeaders,
  ];
  const lines = headers.map(({ name, value }) => `${name}: ${value}`);
  return [`GET ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}
