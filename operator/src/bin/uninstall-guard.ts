// SPDX-License-Identifier: Apache-2.0
/** Runs before the release is removed, and exits with 1 while that would leave servers behind. */
import { createInClusterStore } from "../adapters/kube/in-cluster.ts";
import { refusalToUninstall } from "../controllers/uninstall-guard.ts";

const refusal = await refusalToUninstall(createInClusterStore());
if (refusal !== undefined) {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 1;
}
