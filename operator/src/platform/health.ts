// SPDX-License-Identifier: Apache-2.0
import type { Metrics } from "./metrics.ts";

/** Says what is wrong, as a short sentence, or undefined when nothing is. */
export type Check = () => string | undefined;

export interface HealthReply {
  readonly status: 200 | 404 | 503;
  readonly contentType: string;
  readonly body: string;
}

/** What the kubelet and Prometheus ask a process: /healthz, /readyz and /metrics. */
export class Health {
  readonly #metrics: Metrics;
  readonly #liveness = new Map<string, Check>();
  readonly #readiness = new Map<string, Check>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Fails /healthz: the kubelet restarts the process. Only for what a restart cures. */
  addLiveness(name: string, check: Check): void {
    this.#liveness.set(name, check);
  }

  /** Fails /readyz: the process is not counted as available. */
  addReadiness(name: string, check: Check): void {
    this.#readiness.set(name, check);
  }

  /** The answer to a GET of `path`. */
  async respond(path: string): Promise<HealthReply> {
    switch (path) {
      case "/healthz":
        return report(this.#liveness);
      case "/readyz":
        return report(this.#readiness);
      case "/metrics":
        return {
          status: 200,
          contentType: this.#metrics.contentType,
          body: await this.#metrics.text(),
        };
      default:
        return plain(404, "not found\n");
    }
  }
}

function report(checks: ReadonlyMap<string, Check>): HealthReply {
  const results = [...checks].map(([name, check]) => ({ name, fault: check() }));
  const lines = results.map(({ name, fault }) => `${name}: ${fault ?? "ok"}\n`);
  const isHealthy = results.every(({ fault }) => fault === undefined);
  return plain(isHealthy ? 200 : 503, lines.length === 0 ? "ok\n" : lines.join(""));
}

function plain(status: HealthReply["status"], body: string): HealthReply {
  return { status, contentType: "text/plain; charset=utf-8", body };
}
