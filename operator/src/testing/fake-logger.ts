// SPDX-License-Identifier: Apache-2.0
import type { LogFields, Logger } from "../platform/logging.ts";

export interface LogLine extends LogFields {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
}

/** Keeps the lines instead of writing them. */
export class FakeLogger implements Logger {
  /** Shared with all children. */
  readonly lines: LogLine[];
  readonly #fields: LogFields;

  constructor(lines: LogLine[] = [], fields: LogFields = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  readonly debug = this.#writer("debug");
  readonly info = this.#writer("info");
  readonly warn = this.#writer("warn");
  readonly error = this.#writer("error");

  child(fields: LogFields): Logger {
    return new FakeLogger(this.lines, { ...this.#fields, ...fields });
  }

  #writer(level: LogLine["level"]): Logger["info"] {
    return (first: LogFields | string, second?: string) => {
      const [fields, message] = typeof first === "string" ? [{}, first] : [first, second ?? ""];
      this.lines.push({ ...this.#fields, ...fields, level, message });
    };
  }
}
