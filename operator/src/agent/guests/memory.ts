// SPDX-License-Identifier: Apache-2.0
import type { GuestPlan } from "../../core/guest/plan.ts";
import type { GuestStep, ShutdownView, StepFailure } from "../../core/guest/view.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PortError } from "../../ports/errors.ts";
import { LibvirtError } from "../../ports/libvirt.ts";

interface Remembered {
  preparingSinceMs?: number | undefined;
  shutdown?: { readonly firstMs: number; readonly lastMs: number } | undefined;
  failure?: StepFailure | undefined;
}

const preparation: readonly unknown[] = ["FetchingImage", "PreparingDisk", "WaitingForPod"];

/**
 * What this process knows of its own doings with each guest. All of it may be lost: then a preparation
 * is told of later, a shutdown is given its time anew, and a failure is found again.
 */
export class Memory {
  readonly #clock: Clock;
  readonly #guests = new Map<string, Remembered>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  preparingSeconds(key: string): number {
    return this.#secondsSince(this.#guests.get(key)?.preparingSinceMs ?? this.#clock.monotonicMs());
  }

  shutdown(key: string): ShutdownView | undefined {
    const shutdown = this.#guests.get(key)?.shutdown;
    if (shutdown === undefined) return undefined;
    return {
      elapsedSeconds: this.#secondsSince(shutdown.firstMs),
      sinceLastSeconds: this.#secondsSince(shutdown.lastMs),
    };
  }

  failure(key: string): StepFailure | undefined {
    return this.#guests.get(key)?.failure;
  }

  /** Forgets what the plan has no more to do with. */
  planned(key: string, { status, next }: GuestPlan): void {
    const known = this.#of(key);
    known.preparingSinceMs = preparation.includes(status.step)
      ? (known.preparingSinceMs ?? this.#clock.monotonicMs())
      : undefined;
    if (status.domain !== "Stopping") known.shutdown = undefined;
    if (next.kind === "wait") known.failure = undefined;
  }

  shutdownAsked(key: string): void {
    const lastMs = this.#clock.monotonicMs();
    const known = this.#of(key);
    known.shutdown = { firstMs: known.shutdown?.firstMs ?? lastMs, lastMs };
  }

  succeeded(key: string): void {
    this.#of(key).failure = undefined;
  }

  failed(key: string, step: GuestStep["kind"], error: PortError): void {
    const isStart = step === "Start" || step === "Resume";
    const reason = isStart && error instanceof LibvirtError ? "StartFailed" : error.reason;
    this.#of(key).failure = { step, reason, message: error.message };
  }

  forget(key: string): void {
    this.#guests.delete(key);
  }

  #of(key: string): Remembered {
    const known = this.#guests.get(key) ?? {};
    this.#guests.set(key, known);
    return known;
  }

  #secondsSince(ms: number): number {
    return (this.#clock.monotonicMs() - ms) / 1000;
  }
}
