// SPDX-License-Identifier: Apache-2.0
/** When a failed effect is worth another try: at once after a new observation, later, or not at all. */
export type Retry = "now" | "backoff" | "never";

interface PortErrorOptions {
  readonly retry?: Retry;
  readonly cause?: unknown;
}

/**
 * An effect that failed. Every port throws this class or a subclass; only the controller runtime
 * catches it. `reason` is a CamelCase word that may be shown in a condition.
 */
export class PortError extends Error {
  readonly reason: string;
  readonly retry: Retry;

  constructor(reason: string, message: string, options: PortErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.reason = reason;
    this.retry = options.retry ?? "backoff";
  }
}

/** The object or thing does not exist. Deleting it again is done, not failed. */
export class NotFound extends PortError {
  constructor(message: string, cause?: unknown) {
    super("NotFound", message, { retry: "never", cause });
  }
}

/** Somebody else changed the object since it was read: observe again. */
export class Conflict extends PortError {
  constructor(message: string, cause?: unknown) {
    super("Conflict", message, { retry: "now", cause });
  }
}

/** An object of this name exists already. */
export class AlreadyExists extends PortError {
  constructor(message: string, cause?: unknown) {
    super("AlreadyExists", message, { retry: "now", cause });
  }
}

/** The other side cannot be reached or asks for patience. */
export class Unavailable extends PortError {
  /** What the other side asked for, if it did. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, cause?: unknown, retryAfterSeconds?: number) {
    super("Unavailable", message, { retry: "backoff", cause });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * The API server does not serve the kind, now or to us: it may be starting, or the kind is not installed.
 * That says nothing of any object.
 */
export class NotServed extends Unavailable {}

/** The other side understood and said no: rights, admission, validation, quota. */
export class Refused extends PortError {
  constructor(reason: string, message: string, cause?: unknown) {
    super(reason, message, { retry: "backoff", cause });
  }
}

/** No answer within the time that the call allows. Whether the effect happened is not known. */
export class TimedOut extends PortError {
  constructor(message: string, cause?: unknown) {
    super("TimedOut", message, { retry: "backoff", cause });
  }
}

/** The watch history asked for is gone (HTTP 410): list again. */
export class Expired extends PortError {
  constructor(message: string, cause?: unknown) {
    super("Expired", message, { retry: "now", cause });
  }
}
