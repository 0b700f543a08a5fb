// SPDX-License-Identifier: Apache-2.0
import {
  AlreadyExists,
  Conflict,
  Expired,
  NotFound,
  NotServed,
  type PortError,
  Refused,
  TimedOut,
  Unavailable,
} from "../../ports/errors.ts";

/** The members of a meta/v1 Status that tell what went wrong. */
interface Status {
  readonly kind: "Status";
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly retryAfterSeconds?: number };
}

const messageMax = 2048;

/** The error of an HTTP answer that is not 2xx. `body` is its text, which may be anything. */
export function errorOfAnswer(
  httpStatus: number,
  body: string,
  retryAfterHeader: string | undefined,
): PortError {
  const status = parseStatus(body);
  const retryAfterSeconds = secondsOf(retryAfterHeader);
  if (status !== undefined)
    return errorOfStatus({ code: httpStatus, ...status }, retryAfterSeconds);
  const text = `HTTP ${httpStatus}: ${body.slice(0, 200).trim()}`;
  // Not "the object is missing": the whole kind is not served.
  if (httpStatus === 404) return new NotServed(`the API server does not serve this kind: ${text}`);
  if (httpStatus >= 500 || httpStatus === 429) {
    return new Unavailable(text, undefined, retryAfterSeconds);
  }
  return new Refused("BadRequest", text);
}

const byCode: Readonly<Record<number, new (message: string) => PortError>> = {
  404: NotFound,
  409: Conflict,
  410: Expired,
  504: TimedOut,
};

/** The error of a Status, from an answer or from within a watch. */
export function errorOfStatus(status: Status, retryAfterSeconds?: number): PortError {
  const { code = 500, reason = "BadRequest", details } = status;
  const message = (status.message ?? `HTTP ${code}`).slice(0, messageMax);
  if (reason === "AlreadyExists") return new AlreadyExists(message);
  const KnownError = byCode[code];
  if (KnownError !== undefined) return new KnownError(message);
  if (code !== 429 && code < 500) return new Refused(reason, message);
  return new Unavailable(message, undefined, retryAfterSeconds ?? details?.retryAfterSeconds);
}

function parseStatus(body: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value is a meta/v1 Status. */
export function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}

/** The API server sends seconds, never a date. */
function secondsOf(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header !== undefined && seconds >= 0 ? seconds : undefined;
}
