// SPDX-License-Identifier: Apache-2.0
import { pino } from "pino";
import { PortError } from "../ports/errors.ts";
import type { Clock } from "../ports/clock.ts";

/**
 * Every key that a log line may carry, so that one question is asked the same way of every line.
 * Values are single words or numbers: never a whole object, never the content of a Secret.
 */
export const logKeys = [
  "address",
  "attempt",
  "boot",
  "bytes",
  "cause",
  "component",
  "container",
  "controller",
  "count",
  "delayMs",
  "device",
  "digest",
  "domain",
  "durationMs",
  "event",
  "field",
  "flavor",
  "from",
  "guest",
  "holder",
  "host",
  "hypervisor",
  "identity",
  "image",
  "key",
  "kind",
  "limit",
  "name",
  "namespace",
  "node",
  "outcome",
  "path",
  "phase",
  "pid",
  "pod",
  "port",
  "reason",
  "resource",
  "server",
  "signal",
  "state",
  "step",
  "task",
  "to",
  "token",
  "uid",
  "url",
  "verb",
  "version",
] as const;

export type LogKey = (typeof logKeys)[number];

/** What a line says beside its constant message. `err` is written as type, reason, message and stack. */
export type LogFields = {
  readonly [Key in LogKey]?: string | number | boolean | undefined;
} & { readonly err?: unknown };

interface Write {
  (message: string): void;
  (fields: LogFields, message: string): void;
}

/** The part of pino's logger that the product uses, held to {@link logKeys}. */
export interface Logger {
  /** Nothing to do, or detail that only a debugging person wants. */
  readonly debug: Write;
  /** Work that was done as planned. */
  readonly info: Write;
  /** Work that means something is wrong, and goes on by itself. */
  readonly warn: Write;
  /** Somebody has to look. */
  readonly error: Write;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  /** Which process writes: `operator` or `agent`. */
  readonly component: string;
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Where lines go; standard output by default. */
  readonly destination?: { write(line: string): void };
}

/** Makes the process's logger: one JSON object a line. */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { component: options.component },
      timestamp: () => `,"time":"${new Date(options.clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    options.destination ?? pino.destination(1),
  );
}

const causesMax = 4;

/** Only members that are known to hold no secret: errors of other packages may carry requests. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return String(error);
  const hasCause = error.cause !== undefined && depth < causesMax;
  return {
    type: error.name,
    ...(error instanceof PortError && { reason: error.reason }),
    message: error.message,
    stack: error.stack,
    ...(hasCause && { cause: describeError(error.cause, depth + 1) }),
  };
}
