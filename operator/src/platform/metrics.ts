// SPDX-License-Identifier: Apache-2.0
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What one network card of a guest sent or received since its pod began. */
export interface CardTraffic {
  readonly namespace: string;
  readonly server: string;
  readonly network: string;
  /** Seen from the guest. */
  readonly direction: "sent" | "received";
  readonly bytes: number;
  readonly packets: number;
}

/** A gauge of one label whose figures are read when somebody asks for the metrics, and cost nothing until then. */
class ReadGauge {
  readonly #figures = new Map<string, () => number>();

  constructor(
    label: string,
    options: { readonly name: string; readonly help: string },
    register: Registry,
  ) {
    const figures = this.#figures;
    const gauge = new Gauge({
      ...options,
      labelNames: [label],
      registers: [],
      collect() {
        for (const [value, read] of figures) this.set({ [label]: value }, read());
      },
    });
    register.registerMetric(gauge);
  }

  /** Of two with the same value of the label the later one counts. */
  show(value: string, read: () => number): void {
    this.#figures.set(value, read);
  }
}

/**
 * Every metric of a process, in one registry. Labels take values from closed sets (controllers,
 * kinds, verbs), never names of users' objects: the number of series is bounded. The traffic of guests is
 * the exception: a node has only so many of them.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];

  /** Time of one pass of a controller, by how it ended: done, again, retry, refused or bug. */
  readonly reconcileSeconds = new Histogram({
    name: "kilonova_reconcile_duration_seconds",
    help: "Time of one pass of a controller, by controller and outcome.",
    labelNames: ["controller", "outcome"] as const,
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: this.#registers,
  });

  readonly queueDepth = new ReadGauge(
    "controller",
    { name: "kilonova_workqueue_depth", help: "Keys that wait for a worker now." },
    this.#registry,
  );

  readonly queueRefusals = new Counter({
    name: "kilonova_workqueue_refusals_total",
    help: "Keys that a full queue did not take.",
    labelNames: ["controller"] as const,
    registers: this.#registers,
  });

  readonly cachedObjects = new ReadGauge(
    "resource",
    { name: "kilonova_cached_objects", help: "Objects in an informer's cache." },
    this.#registry,
  );

  readonly lists = new Counter({
    name: "kilonova_lists_total",
    help: "Full lists that an informer asked for.",
    labelNames: ["resource"] as const,
    registers: this.#registers,
  });

  /** A converged system adds to this one only by `ended`, every few minutes for each informer. */
  readonly watchRestarts = new Counter({
    name: "kilonova_watch_restarts_total",
    help: "Watches that ended and were begun again, by cause: ended, silent, expired, failed.",
    labelNames: ["resource", "cause"] as const,
    registers: this.#registers,
  });

  /** A converged system adds to this one only for Leases. */
  readonly apiWrites = new Counter({
    name: "kilonova_api_writes_total",
    help: "Writes sent to the API server, by kind, verb and outcome.",
    labelNames: ["kind", "verb", "outcome"] as const,
    registers: this.#registers,
  });

  /** What users are told of, as a trend. */
  readonly transitions = new Counter({
    name: "kilonova_transitions_total",
    help: "Changes of state that users were told of, by kind and reason.",
    labelNames: ["kind", "reason"] as const,
    registers: this.#registers,
  });

  readonly eventsDropped = new Counter({
    name: "kilonova_events_dropped_total",
    help: "Events for users that were not written, by cause: queue, rate, refused, unavailable.",
    labelNames: ["cause"] as const,
    registers: this.#registers,
  });

  readonly isLeader = new Gauge({
    name: "kilonova_leader",
    help: "1 while this process leads.",
    registers: this.#registers,
  });

  /** Adds the traffic of this node's guests, which is asked for whenever somebody reads the metrics. */
  collectTraffic(read: () => Promise<readonly CardTraffic[]>): void {
    const counter = (name: "bytes" | "packets", help: string): Counter =>
      new Counter({
        name: `kilonova_guest_network_${name}_total`,
        help,
        labelNames: ["namespace", "server", "network", "direction"] as const,
        registers: this.#registers,
        async collect() {
          const cards = await read();
          this.reset();
          for (const { bytes, packets, ...labels } of cards) {
            this.inc(labels, { bytes, packets }[name]);
          }
        },
      });
    counter(
      "bytes",
      "Bytes of guests' network cards since their pod began, as the guest sees them.",
    );
    counter(
      "packets",
      "Packets of guests' network cards since their pod began, as the guest sees them.",
    );
  }

  /** Adds Node's own figures (resident memory, CPU time, event loop lag), which need real timers. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  /** All metrics in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
