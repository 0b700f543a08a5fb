// SPDX-License-Identifier: Apache-2.0
import type { Happening } from "../happening.ts";
import { agentCrash } from "./agent-crash.ts";
import { agentUpgrade } from "./agent-upgrade.ts";
import { apiAway } from "./api-away.ts";
import { apiErrors } from "./api-errors.ts";
import { backupRestored } from "./backup-restored.ts";
import { badNetwork } from "./bad-network.ts";
import { claimAnswerLost } from "./claim-answer-lost.ts";
import { clockSkew } from "./clock-skew.ts";
import { containerTrouble } from "./container-trouble.ts";
import { crashAtCall } from "./crash-at-call.ts";
import { creationRefused } from "./creation-refused.ts";
import { diskFull } from "./disk-full.ts";
import { flavorRemade } from "./flavor-remade.ts";
import { freezeAtCall } from "./freeze-at-call.ts";
import { helperDown } from "./helper-down.ts";
import { hostClosed } from "./host-closed.ts";
import { hostShrunk } from "./host-shrunk.ts";
import { hostVanished } from "./host-vanished.ts";
import { imageErrors } from "./image-errors.ts";
import { kubeletCrash } from "./kubelet-crash.ts";
import { libvirtdCrash } from "./libvirtd-crash.ts";
import { mtuChanged } from "./mtu-changed.ts";
import { networkRemoved } from "./network-removed.ts";
import { nodeObjectDeleted } from "./node-object-deleted.ts";
import { nodeReinstalled } from "./node-reinstalled.ts";
import { operatorCrash } from "./operator-crash.ts";
import { operatorUpgrade } from "./operator-upgrade.ts";
import { partition } from "./partition.ts";
import { podEvicted } from "./pod-evicted.ts";
import { podLost } from "./pod-lost.ts";
import { podProgramDies } from "./pod-program-dies.ts";
import { powerCut } from "./power-cut.ts";
import { qemuKilled } from "./qemu-killed.ts";
import { rulesLost } from "./rules-lost.ts";
import { schedulerCrash } from "./scheduler-crash.ts";
import { staleCache } from "./stale-cache.ts";
import { usersAtCall } from "./users-at-call.ts";
import { watchesLate } from "./watches-late.ts";
import { watchesLost } from "./watches-lost.ts";

/** Everything that may go wrong. */
export const faults: readonly Happening[] = [
  agentCrash,
  agentUpgrade,
  apiAway,
  apiErrors,
  backupRestored,
  badNetwork,
  claimAnswerLost,
  clockSkew,
  containerTrouble,
  crashAtCall,
  creationRefused,
  diskFull,
  flavorRemade,
  freezeAtCall,
  helperDown,
  hostClosed,
  hostShrunk,
  hostVanished,
  imageErrors,
  kubeletCrash,
  libvirtdCrash,
  mtuChanged,
  networkRemoved,
  nodeObjectDeleted,
  nodeReinstalled,
  operatorCrash,
  operatorUpgrade,
  partition,
  podEvicted,
  podLost,
  podProgramDies,
  powerCut,
  qemuKilled,
  rulesLost,
  schedulerCrash,
  staleCache,
  usersAtCall,
  watchesLate,
  watchesLost,
];
