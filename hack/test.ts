// SPDX-License-Identifier: Apache-2.0
/**
 * `npm test [STAGE...]`: every check and every test that fits, in the order of their price. Each stage
 * counts what it ran; a stage that ran nothing has failed. A cluster that stood before is used and left
 * standing, one that was made for the tests is removed. Ends with where the time went and, as the last
 * line, `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCluster } from "./cluster/cluster.ts";
import { runAttached } from "./exec.ts";
import { prepareMachine } from "./machine.ts";
import { stages, type Stage } from "./stages.ts";
import { stepTable, step } from "./steps.ts";
import { countOf, type Count } from "./test-count.ts";

const root = join(import.meta.dirname, "..");

async function runCheck(stage: Extract<Stage, { command: unknown }>): Promise<Count> {
  const [program, ...args] = stage.command;
  const exitCode = await runAttached(program ?? "", args, { cwd: root });
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function runTests(stage: Extract<Stage, { project: unknown }>): Promise<Count> {
  const directory = mkdtempSync(join(tmpdir(), "kilonova-test-"));
  const reportPath = join(directory, "report.json");
  try {
    const args = ["run", "--project", stage.project, ...(stage.files ?? [])];
    const exitCode = await runAttached(
      "vitest",
      [...args, "--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`],
      { cwd: root },
    );
    return countOf(readReport(reportPath), exitCode);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readReport(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // The runner died before it wrote one; its exit code says so.
  }
}

async function main(names: readonly string[]): Promise<number> {
  const wanted = names.length === 0 ? stages.filter((stage) => !stage.isOptional) : named(names);
  const total = { passed: 0, failed: 0 };
  await step("prepare the machine", prepareMachine);
  const cluster = await openCluster();
  const stoodBefore = (await cluster.status()).nodes.length > 0;
  for (const stage of wanted) {
    const count = await step(stage.title, () =>
      "project" in stage ? runTests(stage) : runCheck(stage),
    );
    total.passed += count.passed;
    total.failed += count.failed;
    process.stderr.write(`  ${count.passed} passed, ${count.failed} failed\n`);
  }
  if (!stoodBefore) await step("remove the cluster, if one was made", () => cluster.down());
  process.stdout.write(`\nWhere the time went:\n${stepTable()}\n\n`);
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

function named(names: readonly string[]): readonly Stage[] {
  return names.map((name) => {
    const stage = stages.find((one) => one.name === name);
    if (stage === undefined) {
      throw new Error(`no stage ${name}; there are: ${stages.map((one) => one.name).join(", ")}`);
    }
    return stage;
  });
}

process.exitCode = await main(process.argv.slice(2));
