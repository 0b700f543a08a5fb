// SPDX-License-Identifier: Apache-2.0
/** How long decisions take, side by side with the real Placement and nova in one run. */
import type { HostState } from "../../operator/src/core/scheduler/host-state.ts";
import type { Report } from "./report.ts";
import {
  decisionTimes,
  firstDecisionTimes,
  median,
  type RequestFor,
} from "./scheduler/decisions.ts";
import { modelFigures } from "./scheduler/model.ts";
import { type Answer, type OpenStack, openStackIfPossible } from "./scheduler/theirs.ts";
import {
  aPickyRequest,
  aRequest,
  deviceHosts,
  flatHosts,
  softlyApart,
} from "./scheduler/worlds.ts";

const fleetSizes = [100, 1000, 5000, 10_000];
const deviceCounts = [8, 16, 32, 64];
const groupCounts = [1, 4, 8, 16, 32, 64];
const softHosts = 5000;

type Figures = Record<string, number>;

export async function scheduler(): Promise<Report> {
  const figures: Figures = { ...ours(), ...modelFigures() };
  const about =
    "Milliseconds are the p50 of CPU time of one whole decision: candidates, filters, weighers and claim; of the first such decision of a leader, and of those that come after others of their kind.";
  const openStack = await openStackIfPossible();
  if (typeof openStack === "string") return { about: `${about} ${openStack}`, figures, ratios: {} };
  const real = await theirs(openStack);
  return {
    about: `${about} The real ones are ${openStack.versions} in process, over SQLite, without HTTP or authentication, which flatters them.`,
    figures: { ...figures, ...real },
    ratios: ratiosOf(figures, real),
  };
}

const flat = (count: number): string => `${count} hosts`;
const picky = (count: number): string => `${count} hosts, 2 in 5 with the traits`;
const soft = `${softHosts} hosts, soft anti-affinity`;
const tree = (hosts: number, devices: number, groups: number): string =>
  `${hosts} hosts of ${devices} devices, ${groups} groups`;

const takesEight = (uid: string) => aRequest(uid, 8);

function ours(): Figures {
  const figures: Figures = {};
  const note = (
    name: string,
    hosts: readonly HostState[],
    request: RequestFor,
    count = 200,
  ): number[] => {
    figures[`${name}, first, ms`] = median(firstDecisionTimes(hosts, request, 60));
    const times = decisionTimes(hosts, request, count);
    figures[`${name}, ms`] = median(times);
    return times;
  };
  for (const count of fleetSizes) {
    note(flat(count), flatHosts(count), aRequest);
    note(picky(count), flatHosts(count), aPickyRequest);
  }
  const hosts = flatHosts(softHosts);
  const group = softlyApart(hosts);
  const times = note(soft, hosts, (uid) => aRequest(uid, 0, { group }));
  figures[`${soft}, decisions/s`] = 1000 / (times.reduce((a, b) => a + b, 0) / times.length);
  for (const devices of deviceCounts) {
    // No more than a hundred such servers fit.
    note(tree(100, devices, 8), deviceHosts(100, devices), takesEight, 60);
  }
  for (const groups of groupCounts) {
    const request: RequestFor = (uid) => aRequest(uid, groups);
    const name = `${tree(1, 64, groups)}, first, ms`;
    figures[name] = median(firstDecisionTimes(deviceHosts(1, 64), request, 60));
  }
  return figures;
}

/** Nova asks Placement for at most so many candidates, and filters and weighs those. */
const candidatesMax = 1000;
const flatQuery = `resources=VCPU:2,MEMORY_MB:4096,DISK_GB:20&required=CUSTOM_X,!CUSTOM_Y&limit=${candidatesMax}`;
const groupQuery = Array.from({ length: 8 }, (_, index) => `resources_${index}=VGPU:1`).join("&");
const treeQuery = `resources=VCPU:2,MEMORY_MB:4096,DISK_GB:20&${groupQuery}&group_policy=none`;
/** What its operators are told to set where trees are wide: the answer is cut short. */
const wideOptions = {
  placement: {
    max_allocation_candidates: candidatesMax,
    allocation_candidates_generation_strategy: "breadth-first",
  },
  workarounds: { optimize_for_wide_provider_trees: "true" },
};
const placement = (question: string): string => `Placement, ${question}`;
const nova = (question: string): string => `nova, ${question}`;
const cut = `${tree(100, 8, 8)}, ${candidatesMax} candidates at most`;

async function theirs(real: OpenStack): Promise<Figures> {
  const figures: Figures = {};
  const note = (name: string, answer: Answer, timeoutSeconds: number): void => {
    if (answer === undefined) figures[`${name}: no answer within, s`] = timeoutSeconds;
    else figures[`${name}, ms`] = median(answer);
  };
  const brief = { repeats: 7, timeoutSeconds: 300 };
  for (const count of [1000, 10_000]) {
    const hosts = flatHosts(count);
    note(
      placement(picky(count)),
      await real.askPlacement({ hosts, query: flatQuery, ...brief }),
      300,
    );
    note(nova(flat(count)), await real.askNova(count, null, 5), 300);
  }
  const claim = await real.askPlacement({
    hosts: flatHosts(1000),
    repeats: 50,
    timeoutSeconds: 60,
  });
  note(placement("a claim"), claim, 60);
  note(nova(soft), await real.askNova(softHosts, "soft-anti-affinity", 5), 300);
  const hosts = deviceHosts(100, 8);
  const whole = { hosts: hosts.slice(0, 1), query: treeQuery, repeats: 1, timeoutSeconds: 30 };
  note(placement(tree(1, 8, 8)), await real.askPlacement(whole), 30);
  const options = { options: wideOptions, repeats: 3, timeoutSeconds: 120 };
  note(placement(cut), await real.askPlacement({ hosts, query: treeQuery, ...options }), 120);
  return figures;
}

/** How many of our decisions fit into one of theirs. Questions that were not answered are left out. */
function ratiosOf(mine: Figures, real: Figures): Record<string, number> {
  const ms = (figures: Figures, name: string): number => figures[`${name}, ms`] ?? Number.NaN;
  const candidatesAndHosts = (count: number): number =>
    ms(real, placement(picky(count))) +
    ms(real, nova(flat(Math.min(count, candidatesMax)))) +
    ms(real, placement("a claim"));
  const ratios = {
    [`${flat(1000)}, Placement and nova to ours`]: candidatesAndHosts(1000) / ms(mine, flat(1000)),
    [`${flat(10_000)}, Placement and nova to ours`]:
      candidatesAndHosts(10_000) / ms(mine, flat(10_000)),
    [`${soft}, nova to ours`]: ms(real, nova(soft)) / ms(mine, soft),
    [`${cut}, Placement to ours, all candidates`]:
      ms(real, placement(cut)) / ms(mine, tree(100, 8, 8)),
  };
  return Object.fromEntries(Object.entries(ratios).filter(([, ratio]) => !Number.isNaN(ratio)));
}
