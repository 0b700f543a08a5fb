// SPDX-License-Identifier: Apache-2.0
import { who } from "../../access/identities.ts";
import { Api } from "./api.ts";
import { ControllerManager } from "./controller-manager.ts";
import { Forgetting } from "./forgetting.ts";
import { Link } from "./link.ts";
import { SimNode } from "./node.ts";
import { OperatorReplica } from "./operators.ts";
import { People } from "./people.ts";
import { Ambushes, type Physics } from "./process.ts";
import { runScheduler } from "./scheduler.ts";
import { Streams } from "./streams.ts";
import { Supervisor } from "./supervisor.ts";
import { Timeline } from "./timeline.ts";
import { Trace } from "./trace.ts";
import { Wires } from "./wires.ts";

export interface WorldOptions {
  readonly seed: number;
  /** How many hypervisors. */
  readonly nodes: number;
  /** How many replicas of the operator. */
  readonly operators: number;
  /** How many of the last lines of the trace are kept. */
  readonly traceLinesMax: number;
}

/** A line that a process of the product logged as an error. */
export interface LoggedError {
  readonly process: string;
  readonly message: string;
  readonly cause: string;
}

/**
 * A whole cluster in one process: the product's own shells, unchanged, and all that they live with.
 * Nothing happens in it but by its timeline.
 */
export class World {
  readonly timeline = new Timeline();
  readonly trace: Trace;
  readonly streams: Streams;
  readonly ambushes = new Ambushes();
  readonly physics: Physics;
  readonly api: Api;
  readonly operators: readonly OperatorReplica[];
  readonly people: People;
  readonly errors: LoggedError[] = [];
  readonly forgetting: Forgetting;
  readonly scheduler: Supervisor;
  readonly #logListeners: ((process: string, fields: object) => void)[] = [];
  readonly #outstanding = new Set<() => void>();
  readonly #nodes: SimNode[];
  readonly #wires: Wires;
  #nodesAdded = 0;
  #isHealed = false;
  readonly #controllerManager: ControllerManager;

  constructor({ seed, nodes, operators, traceLinesMax }: WorldOptions) {
    this.trace = new Trace(() => this.timeline.nowMs, traceLinesMax);
    this.streams = new Streams(seed);
    const { timeline, trace, streams, ambushes } = this;
    this.physics = {
      ...{ timeline, trace, streams, ambushes },
      onLog: (process, level, fields, message) => {
        for (const listener of this.#logListeners)
          listener(process.name, { ...fields, err: String(fields.err), message });
        if (level !== "error") return;
        const cause = fields.err instanceof Error ? (fields.err.stack ?? "") : (fields.cause ?? "");
        trace.add(process.name, `logs: ${message}: ${String(cause).split("\n")[0]}`);
        this.errors.push({ process: process.name, message, cause: String(cause) });
      },
    };
    this.api = new Api(this.physics);
    this.forgetting = new Forgetting(this.api, timeline);
    this.people = new People(this.api.kube, trace);
    this.#wires = new Wires(this.api.kube);
    this.#nodes = numbered("node", nodes).map((name) => this.#makeNode(name));
    this.operators = numbered("operator", operators).map(
      (name) => new OperatorReplica(name, this.physics, this.api),
    );
    this.scheduler = new Supervisor({
      name: "kube-scheduler",
      physics: this.physics,
      isPossible: () => true,
      run: (process) => runScheduler(process, this.api.connect(process, new Link(), who.scheduler)),
      restartMs: [1000, 5000],
    });
    this.#controllerManager = new ControllerManager(this.api, timeline);
  }

  /** Starts everybody. */
  async start(): Promise<void> {
    await this.people.prepare();
    this.#controllerManager.start();
    this.scheduler.start();
    for (const node of this.nodes) node.start();
    for (const { supervisor } of this.operators) supervisor.start();
  }

  #makeNode(name: string): SimNode {
    return new SimNode(name, this.physics, { api: this.api, wires: this.#wires });
  }

  /** The hypervisors that there are now. */
  get nodes(): readonly SimNode[] {
    return this.#nodes;
  }

  /** A new hypervisor, which nobody has heard of. */
  addNode(): void {
    this.#nodesAdded += 1;
    const node = this.#makeNode(`node-new-${this.#nodesAdded}`);
    this.#nodes.push(node);
    node.start();
  }

  /** Switches a hypervisor off for ever. */
  removeNode(node: SimNode): void {
    this.trace.add(node.name, "is scrapped");
    node.scrap();
    const place = this.#nodes.indexOf(node);
    if (place >= 0) this.#nodes.splice(place, 1);
  }

  node(name: string | undefined): SimNode | undefined {
    return this.nodes.find((node) => node.name === name);
  }

  /** Calls `listener` with each line that a process logs. */
  readonly onLog = (listener: (process: string, fields: object) => void): void => {
    this.#logListeners.push(listener);
  };

  /** Does a later part of a story after `ms`; at once when the story is over. */
  readonly later = (ms: number, act: () => void): void => {
    if (this.#isHealed) return act();
    this.#outstanding.add(act);
    this.timeline.after(ms, () => {
      if (this.#outstanding.delete(act)) act();
    });
  };

  /** The API server went back in time: notes what it says now, and which guests it has forgotten. */
  readonly lookAnew = async (): Promise<void> => {
    await this.people.lookAnew();
    await this.forgetting.lookAnew(this.nodes);
  };

  /** Ends the story: what is outstanding happens, faults are over, and what does not run is started. */
  heal(): void {
    this.#isHealed = true;
    for (const act of this.#outstanding) act();
    this.#outstanding.clear();
    this.ambushes.clear();
    this.api.heal();
    for (const node of this.nodes) {
      node.link.heal();
      node.disk.isFull = false;
      node.disk.images.onFetch = async () => undefined;
      node.helper.isUp = true;
      node.containerTrouble = undefined;
      node.powerOn();
      node.start();
    }
    for (const { link, supervisor } of this.operators) {
      link.heal();
      supervisor.start();
    }
    this.scheduler.start();
  }

  /** Ends every process, so that nothing of the world goes on. */
  stop(): void {
    for (const node of this.nodes) {
      node.agent.halt();
      node.kubelet.halt();
    }
    for (const { supervisor } of this.operators) supervisor.halt();
    this.scheduler.halt();
  }
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
}
