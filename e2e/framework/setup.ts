// SPDX-License-Identifier: Apache-2.0
/** Before any suite: the world, whose addresses and references the suites are then given. */
import type { TestProject } from "vitest/node";
import { prepareWorld } from "./prepare.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const world = await prepareWorld();
  project.provide("release", world.release);
  project.provide("image", world.image);
  return () => world.close();
}
