// SPDX-License-Identifier: Apache-2.0
import type { Happening } from "../happening.ts";
import { abandonServer } from "./abandon-server.ts";
import { addHost } from "./add-host.ts";
import { createServer } from "./create-server.ts";
import { deleteNamespace } from "./delete-namespace.ts";
import { deleteServer } from "./delete-server.ts";
import { editMarks } from "./edit-marks.ts";
import { editServer } from "./edit-server.ts";
import { editZones } from "./edit-zones.ts";
import { guestAsksAnew } from "./guest-asks-anew.ts";
import { guestEnds } from "./guest-ends.ts";
import { guestFallsSilent } from "./guest-falls-silent.ts";
import { replaceServer } from "./replace-server.ts";
import { retireHost } from "./retire-host.ts";
import { togglePower } from "./toggle-power.ts";

/** What people and guests do in the ordinary life of a cluster. */
export const acts: readonly Happening[] = [
  abandonServer,
  addHost,
  createServer,
  deleteNamespace,
  deleteServer,
  editMarks,
  editServer,
  editZones,
  guestAsksAnew,
  guestEnds,
  guestFallsSilent,
  replaceServer,
  retireHost,
  togglePower,
];
