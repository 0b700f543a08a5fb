// SPDX-License-Identifier: Apache-2.0
/** `npm run sim:mutants [-- NAME...]`: plants each bug, and says which story and invariant found it. */
import { mutants } from "../../operator/src/testing/sim/mutants/catalogue.ts";
import { describeFind, hunt } from "../../operator/src/testing/sim/mutants/hunt.ts";

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !mutants.some((mutant) => mutant.name === name));
  if (unknown.length > 0) {
    const known = mutants.map(({ name }) => name).join(", ");
    process.stderr.write(`no mutant ${unknown.join(", ")}; there are: ${known}\n`);
    return 2;
  }
  const hunted = mutants.filter(({ name }) => names.length === 0 || names.includes(name));
  let missed = 0;
  for (const mutant of hunted) {
    const find = await hunt(mutant);
    process.stdout.write(`${describeFind(mutant, find)}\n`);
    if (find.outcome === undefined) missed += 1;
  }
  process.stdout.write(`${hunted.length - missed} of ${hunted.length} planted bugs were found\n`);
  return missed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
