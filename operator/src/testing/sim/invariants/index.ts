// SPDX-License-Identifier: Apache-2.0
import type { Invariant } from "./invariant.ts";
import { capacityKept } from "./capacity-kept.ts";
import { claimsAddUp } from "./claims-add-up.ts";
import { disksKept } from "./disks-kept.ts";
import { groupsKept } from "./groups-kept.ts";
import { guestsReached } from "./guests-reached.ts";
import { hostsServe } from "./hosts-serve.ts";
import { laterFactsKept } from "./later-facts-kept.ts";
import { marksFollow } from "./marks-follow.ts";
import { noBugs } from "./no-bugs.ts";
import { noSecrets } from "./no-secrets.ts";
import { nothingLeft } from "./nothing-left.ts";
import { oneExecution } from "./one-execution.ts";
import { quietAtRest } from "./quiet-at-rest.ts";
import { releasedRests } from "./released-rests.ts";
import { sameDisk } from "./same-disk.ts";
import { serversSettle } from "./servers-settle.ts";
import { specsUntouched } from "./specs-untouched.ts";
import { wiresUnique } from "./wires-unique.ts";
import { withinRights } from "./within-rights.ts";

/** What must hold in every world, the most telling first. */
export const invariants: readonly Invariant[] = [
  oneExecution,
  releasedRests,
  disksKept,
  sameDisk,
  specsUntouched,
  laterFactsKept,
  withinRights,
  noSecrets,
  capacityKept,
  claimsAddUp,
  groupsKept,
  wiresUnique,
  noBugs,
  hostsServe,
  serversSettle,
  guestsReached,
  marksFollow,
  nothingLeft,
  quietAtRest,
];
