// SPDX-License-Identifier: Apache-2.0
import type { HypervisorSpec, HypervisorStatus } from "../../api/v1alpha1/hypervisor.ts";
import { isEqual } from "../lib/equal.ts";
import type { Verdict } from "../lib/condition-set.ts";

type KnownIdentity = NonNullable<HypervisorStatus["identity"]>;

/** Who the hypervisor is, and whether the one that reports now is the same. */
export interface IdentityJudgement {
  readonly identity: KnownIdentity | undefined;
  /** Absent until an agent has reported who it is. */
  readonly verdict: Verdict | undefined;
}

/**
 * The first identity that is reported is believed. Another uuid means another disk, another Node uid
 * that the node was made anew: neither is adopted before an administrator acknowledges the uuid.
 * Source: nova-semantics 6.5. Differs: Nova's agent refuses to start instead.
 */
export function judgeIdentity(
  spec: HypervisorSpec,
  status: HypervisorStatus | undefined,
): IdentityJudgement {
  const known = status?.identity;
  const { uuid, nodeUid } = status ?? {};
  if (uuid === undefined || nodeUid === undefined) return { identity: known, verdict: undefined };
  const reported = { uuid, nodeUid };
  const isAccepted =
    known === undefined || isEqual(known, reported) || spec.acknowledgedUuid === uuid;
  if (isAccepted) return { identity: reported, verdict: accepted };
  return { identity: known, verdict: refused(known, reported) };
}

const accepted: Verdict = {
  type: "IdentityKnown",
  status: "True",
  reason: "AsDesired",
  message: "the hypervisor is the one that was first seen or acknowledged",
};

function refused(known: KnownIdentity, reported: KnownIdentity): Verdict {
  const what =
    known.uuid === reported.uuid
      ? "the Node object was made anew"
      : `the hypervisor's uuid was ${known.uuid} and is ${reported.uuid}: its disk is another one`;
  return {
    type: "IdentityKnown",
    status: "False",
    reason: "IdentityChanged",
    message: `${what}; no server is scheduled here until spec.acknowledgedUuid is ${reported.uuid}`,
  };
}
