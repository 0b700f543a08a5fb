// SPDX-License-Identifier: Apache-2.0
/** What tests against a real API server need: built before any test, so that no test's time limit has to hold a build. */
import { clientPath, controlPlanePrograms } from "../cluster/programs.ts";

export default async function buildControlPlane(): Promise<void> {
  await controlPlanePrograms();
  await clientPath("helm");
}
