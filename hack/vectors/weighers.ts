// SPDX-License-Identifier: Apache-2.0
/** Some hosts, one request and some of Nova's weighers a case. */
import { z } from "zod";
import { testOf } from "../../operator/src/core/scheduler/filter.ts";
import { metrics as metricsFilter } from "../../operator/src/core/scheduler/filters/metrics.ts";
import type { Weigher } from "../../operator/src/core/scheduler/weigher.ts";
import { HostWeights } from "../../operator/src/core/scheduler/host-weights.ts";
import { weighers as ours } from "../../operator/src/core/scheduler/weighers/index.ts";
import { configSchema, settingsOf } from "./nova-config.ts";
import { hostOf, hostSchema, requestOf, specSchema } from "./nova-host.ts";
import { areCasesWith, judgeEach, type Verdict } from "./verdict.ts";

const caseSchema = z.object({
  name: z.string(),
  weighers: z.array(z.string()),
  config: configSchema,
  hosts: z.array(hostSchema),
  spec: specSchema,
  expected: z.union([
    z.object({
      final: z.array(z.object({ host: z.string(), weight: z.number() })),
      per_weigher: z.array(
        z.object({
          weigher: z.string(),
          normalized: z.array(z.number()),
          multiplier: z.array(z.number()),
        }),
      ),
    }),
    z.object({ exception: z.string() }),
  ]),
});

type RecordedCase = z.output<typeof caseSchema>;

/** Weighs where a server was before: there are no cells here. */
const cellWeigher = "CrossCellWeigher";
const byCounterpart: ReadonlyMap<string, Weigher> = new Map(
  ours.map((weigher) => [weigher.source, weigher]),
);

/** Reads `{cases}` with weighers each; undefined for other files. */
export function weigherVectors(file: Readonly<Record<string, unknown>>): Verdict[] | undefined {
  if (!areCasesWith(file["cases"], "weighers")) return undefined;
  return judgeEach(file["cases"], caseSchema, judge);
}

function judge(one: RecordedCase): Verdict {
  const { name } = one;
  const rest = one.weighers.filter((weigher) => weigher !== cellWeigher);
  if (rest.length === 0)
    return { outcome: "skipped", name, why: `${cellWeigher}: there are no cells` };
  const why = difference(one, rest);
  return why === undefined ? { outcome: "passed", name } : { outcome: "failed", name, why };
}

function difference(
  { hosts, spec, config, expected }: RecordedCase,
  names: readonly string[],
): string | undefined {
  const settings = settingsOf(config);
  const request = requestOf(spec, hosts);
  const states = hosts.map(hostOf);
  if ("exception" in expected) {
    // Nova gives up when it weighs a host without a required metric: here a filter leaves it out before.
    const test = testOf([metricsFilter], request, settings);
    const isLeftOut = states.some((host) => test(host) !== true);
    return isLeftOut ? undefined : `no host is left out for ${expected.exception}`;
  }
  const weighers = names.flatMap((name) => byCounterpart.get(name) ?? []);
  if (weighers.length < names.length) return `no weigher of ours stands for one of ${names.join()}`;
  const { scores } = new HostWeights(states, { request, settings, weighers });
  for (const [index, { host }] of hosts.entries()) {
    const wanted =
      (expected.final.find((one) => one.host === host)?.weight ?? 0) - cellPart(expected, index);
    const got = scores[index] ?? 0;
    const tolerance = 1e-9 * Math.max(1, Math.abs(wanted), Math.abs(cellPart(expected, index)));
    if (Math.abs(got - wanted) > tolerance) return `${host} weighs ${got} instead of ${wanted}`;
  }
  return undefined;
}

type Weights = Exclude<RecordedCase["expected"], { exception: string }>;

/** What the weigher of cells added to a host. */
function cellPart({ per_weigher, final }: Weights, index: number): number {
  if (final.length < 2) return 0;
  const cells = per_weigher.find(({ weigher }) => weigher === cellWeigher);
  return (cells?.normalized[index] ?? 0) * (cells?.multiplier[index] ?? 0);
}
