// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { Unavailable } from "../../ports/errors.ts";
import { errorOfAnswer, errorOfStatus } from "./status-errors.ts";

const status = (code: number, reason: string, message = "what happened") =>
  ({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message }) as const;

describe("the error of an answer", () => {
  test.for([
    { code: 400, reason: "BadRequest", name: "Refused", retry: "backoff" },
    { code: 401, reason: "Unauthorized", name: "Refused", retry: "backoff" },
    { code: 403, reason: "Forbidden", name: "Refused", retry: "backoff" },
    { code: 404, reason: "NotFound", name: "NotFound", retry: "never" },
    { code: 409, reason: "Conflict", name: "Conflict", retry: "now" },
    { code: 409, reason: "AlreadyExists", name: "AlreadyExists", retry: "now" },
    { code: 410, reason: "Expired", name: "Expired", retry: "now" },
    { code: 422, reason: "Invalid", name: "Refused", retry: "backoff" },
    { code: 429, reason: "TooManyRequests", name: "Unavailable", retry: "backoff" },
    { code: 500, reason: "InternalError", name: "Unavailable", retry: "backoff" },
    { code: 503, reason: "ServiceUnavailable", name: "Unavailable", retry: "backoff" },
    { code: 504, reason: "Timeout", name: "TimedOut", retry: "backoff" },
  ])("$code $reason is $name", ({ code, reason, name, retry }) => {
    const error = errorOfAnswer(code, JSON.stringify(status(code, reason)), undefined);
    expect(error).toMatchObject({ name, retry, message: "what happened" });
    if (name === "Refused") expect(error.reason).toBe(reason);
  });

  test("takes the API server's word for how long to wait", () => {
    const body = JSON.stringify(status(429, "TooManyRequests"));
    expect(errorOfAnswer(429, body, "7")).toMatchObject({ retryAfterSeconds: 7 });
    expect(errorOfAnswer(429, body, "soon")).toMatchObject({ retryAfterSeconds: undefined });
    const detailed = { ...status(500, "ServerTimeout"), details: { retryAfterSeconds: 3 } };
    expect(errorOfStatus(detailed)).toMatchObject({ retryAfterSeconds: 3 });
  });

  test("does not take a kind that is not served for an object that is missing", () => {
    const error = errorOfAnswer(404, "404 page not found\n", undefined);
    expect(error).toBeInstanceOf(Unavailable);
    expect(error.message).toContain("does not serve this kind");
  });

  test("copes with what is no Status", () => {
    expect(errorOfAnswer(502, "<html>Bad Gateway</html>", undefined)).toMatchObject({
      name: "Unavailable",
      message: "HTTP 502: <html>Bad Gateway</html>",
    });
    expect(errorOfAnswer(418, '"teapot"', undefined)).toMatchObject({ name: "Refused" });
    expect(errorOfStatus({ kind: "Status" })).toMatchObject({ name: "Unavailable" });
  });

  test("bounds what is quoted", () => {
    const long = errorOfStatus(status(422, "Invalid", "x".repeat(100_000)));
    expect(long.message).toHaveLength(2048);
  });
});
