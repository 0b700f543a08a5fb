// SPDX-License-Identifier: Apache-2.0
import { defineFault } from "../happening.ts";

const moreThanAWayMs = 20;

export const claimAnswerLost = defineFault({
  name: "claim-answer-lost",
  says: "the next IPAMClaim is made, and the operator hears nothing of it",
  weight: 1,
  strike({ ambushes, operators, timeline }) {
    ambushes.lay(({ process, call, when }) => {
      if (call !== "kube.create IPAMClaim" || when !== "after") return false;
      const link = operators.find(({ supervisor }) => supervisor.process === process)?.link;
      if (link === undefined) return false;
      const { lossShare } = link;
      link.lossShare = 1;
      timeline.after(moreThanAWayMs, () => {
        link.lossShare = lossShare;
      });
      return true;
    });
  },
});
