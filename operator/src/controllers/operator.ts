// SPDX-License-Identifier: Apache-2.0
import { EventRecorder } from "../platform/events.ts";
import type { ProveLeadership } from "../platform/leader-election.ts";
import { runTogether, type Task } from "../platform/task-group.ts";
import type { OperatorConfig } from "./config.ts";
import { EvictionController } from "./eviction/controller.ts";
import { type Context, Fleet } from "./fleet.ts";
import { FlavorController } from "./flavor/controller.ts";
import { HostBook } from "./host-book.ts";
import { HostAggregateController } from "./host-aggregate/controller.ts";
import { HypervisorController } from "./hypervisor/controller.ts";
import { ServerGroupController } from "./server-group/controller.ts";
import { ServerController } from "./server/controller.ts";
import { Testimonies } from "./testimonies.ts";

/** Time that the parts are given to end what they are doing. */
const graceSeconds = 10;

/** Who leads. */
interface Leader {
  /** Names the process in Events. */
  readonly instance: string;
  readonly prove: ProveLeadership;
}

/**
 * Everything that a leader does, until aborted. Returns "failed" when a part ended by itself: the
 * process has to exit.
 */
export async function runOperator(
  context: Context,
  config: OperatorConfig,
  { instance, prove }: Leader,
  signal: AbortSignal,
): Promise<"stopped" | "failed"> {
  const { clock, log } = context;
  const fleet = new Fleet(context, config.heartbeatNamespace);
  const hosts = new HostBook(fleet);
  const testimonies = new Testimonies(fleet, clock);
  const events = new EventRecorder({
    ...context,
    source: { controller: "kilonova.io/operator", instance },
  });
  const controllers = {
    server: new ServerController(context, {
      fleet,
      events,
      workers: config.serverWorkers,
      podPolicy: { guestImage: config.guestImage, priorityClass: config.serverPriorityClass },
      uidFirst: config.serverUidFirst,
      uidCount: config.serverUidCount,
      overheadMib: config.serverOverheadMib,
      settings: config.scheduler,
      ...{ hosts, testimonies, prove },
    }),
    hypervisor: new HypervisorController(context, {
      fleet,
      events,
      upAfterSeconds: config.upAfterSeconds,
      heartbeatNamespace: config.heartbeatNamespace,
    }),
    serverGroup: new ServerGroupController(context, { fleet, events }),
    hostAggregate: new HostAggregateController(context, fleet),
    flavor: new FlavorController(context, {
      fleet,
      hosts,
      settings: config.scheduler,
      overheadMib: config.serverOverheadMib,
    }),
    eviction: new EvictionController(context, fleet),
  };
  const tasks: Task[] = Object.entries(controllers).map(([name, controller]) => ({
    name,
    run: (group) => afterSync(fleet, group, () => controller.run(group)),
  }));
  tasks.push({ name: "fleet", run: (group) => fleet.run(group) });
  return runTogether(tasks, { signal, graceSeconds, clock, log });
}

/** No controller decides before every cache is whole. */
async function afterSync(
  fleet: Fleet,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await fleet.synced(signal);
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  await run();
}
