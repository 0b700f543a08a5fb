// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { Unavailable } from "../ports/errors.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { createLogger, type LogLevel, logKeys } from "./logging.ts";

function recording(level: LogLevel = "info") {
  const lines: unknown[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLogger({ component: "operator", level, clock: new FakeClock(), destination });
  return { log, lines };
}

describe("a logger", () => {
  test("writes one JSON object a line, in the time of its clock", () => {
    const { log, lines } = recording();
    log.child({ controller: "servers" }).info({ key: "tenant/a" }, "pass done");
    log.warn("watch fell silent");
    expect(lines).toEqual([
      {
        level: "info",
        time: "2026-01-01T00:00:00.000Z",
        component: "operator",
        controller: "servers",
        key: "tenant/a",
        msg: "pass done",
      },
      {
        level: "warn",
        time: "2026-01-01T00:00:00.000Z",
        component: "operator",
        msg: "watch fell silent",
      },
    ]);
  });

  test("leaves out what is less severe than asked for", () => {
    const { log, lines } = recording("warn");
    log.info("pass done");
    log.debug("nothing to do");
    expect(lines).toEqual([]);
  });

  test("writes of an error and its causes what is known to hold no secret", () => {
    const { log, lines } = recording();
    const cause = Object.assign(new Error("connection refused"), { token: "hunter2" });
    log.error({ err: new Unavailable("down", cause) }, "pass failed");
    log.error({ err: "a string" }, "pass failed");
    expect(lines).toMatchObject([
      {
        err: {
          type: "Unavailable",
          reason: "Unavailable",
          message: "down",
          stack: expect.stringContaining("logging.test.ts"),
          cause: { type: "Error", message: "connection refused" },
        },
      },
      { err: "a string" },
    ]);
    expect(JSON.stringify(lines)).not.toContain("hunter2");
  });

  test("has each of its keys once, in order", () => {
    expect(logKeys).toEqual([...new Set(logKeys)].toSorted());
  });
});
