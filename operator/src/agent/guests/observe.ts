// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import { answerClaim } from "../../core/guest/claim.ts";
import { machineTypeIn } from "../../core/guest/live-xml.ts";
import type { Incarnation } from "../../core/guest/paths.ts";
import { timestampOf } from "../../core/lib/time.ts";
import type { DomainView, GuestView, ImageView, PodView } from "../../core/guest/view.ts";
import { keyOf } from "../../platform/object-key.ts";
import type { Clock } from "../../ports/clock.ts";
import { TimedOut, Unavailable } from "../../ports/errors.ts";
import type { GuestFiles } from "../../ports/guest-files.ts";
import {
  type DomainStatus,
  type LibvirtConnection,
  NoDomain,
  ProtocolError,
} from "../../ports/libvirt.ts";
import type { PodMount, PodMounts } from "../../ports/pod-mounts.ts";
import type { PodRuntime } from "../../ports/pod-runtime.ts";
import type { Processes } from "../../ports/processes.ts";
import type { ReleasedTokens } from "../../ports/released-tokens.ts";
import type { Claims } from "./claims.ts";
import type { Host } from "./host.ts";
import type { Memory } from "./memory.ts";
import type { Networks } from "./networks.ts";
import type { Sessions } from "./sessions.ts";

/** Where what is known of guests comes from. */
export interface Senses {
  readonly host: Host;
  readonly claims: Claims;
  readonly mounts: PodMounts;
  readonly runtime: PodRuntime;
  readonly sessions: Sessions;
  readonly processes: Processes;
  readonly files: GuestFiles;
  readonly released: ReleasedTokens;
  readonly images: { view(digest: string): Promise<ImageView> };
  readonly networks: Networks;
  readonly memory: Memory;
  readonly clock: Clock;
}

/** The incarnation that a Guest stands for. */
export function incarnationOf({ spec }: Guest): Incarnation {
  return { serverUid: spec.server.uid, token: spec.token };
}

/** Looks at everything that decisions about a guest depend on. Changes nothing. */
export async function observe(guest: Guest, senses: Senses): Promise<GuestView> {
  const key = keyOf(guest);
  const incarnation = incarnationOf(guest);
  const mount = senses.mounts.current(guest.metadata);
  const connection = mount && (await senses.sessions.connection(key, mount));
  const record = await senses.files.readRecord(incarnation);
  const domain = await observeDomain(guest, { mount, connection }, senses);
  return {
    guest,
    host: senses.host.view(),
    claim: answerClaim(guest, await senses.claims.book(guest, record !== undefined)),
    isReleased: senses.released.has(incarnation),
    record,
    ...(await senses.files.find(incarnation)),
    image: await senses.images.view(guest.spec.image.http.checksum),
    pod: mount && (await observePod(mount, connection, senses)),
    network: mount && senses.networks.view(key, mount),
    domain,
    shutdown: senses.memory.shutdown(key),
    failure: senses.memory.failure(key),
    preparingSeconds: senses.memory.preparingSeconds(key),
    now: timestampOf(senses.clock.nowMs()),
  };
}

async function observePod(
  mount: PodMount,
  connection: LibvirtConnection | undefined,
  { runtime }: Senses,
): Promise<PodView> {
  return {
    uid: mount.podUid,
    isReady: connection !== undefined,
    metadata: await runtime.metadata(mount),
    isTerminating: await runtime.isTerminating(mount),
  };
}

interface WayToDomain {
  readonly mount: PodMount | undefined;
  readonly connection: LibvirtConnection | undefined;
}

async function observeDomain(
  guest: Guest,
  { mount, connection }: WayToDomain,
  { processes, runtime }: Senses,
): Promise<DomainView> {
  const present = connection && (await askLibvirt(guest, connection));
  if (present !== undefined) return present;
  // libvirt may be down, or it is the one of a newer pod: a QEMU of the guest's user says more.
  if (await processes.hasQemu(guest.spec.uid)) return { kind: "unknown" };
  const lastWord = mount && (await runtime.lastWord(mount, guest.metadata.name));
  return { kind: "absent", lastWord };
}

async function askLibvirt(
  guest: Guest,
  connection: LibvirtConnection,
): Promise<DomainView | undefined> {
  const { uuid } = guest.spec.domain;
  try {
    const state = stateOf(await connection.getDomainStatus(uuid));
    const isTold = guest.status?.machine?.type !== undefined;
    const xml = isTold ? "" : await connection.getDomainXml(uuid);
    return { kind: "present", state, machineType: machineTypeIn(xml) };
  } catch (error) {
    const isSilence = error instanceof Unavailable || error instanceof TimedOut;
    if (error instanceof NoDomain || isSilence || error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** Reasons of a pause that is the agent's: before the first instruction, or of an orphan. */
const heldFor: readonly string[] = ["user", "starting-up"];

function stateOf({ state, reason }: DomainStatus): "Running" | "Held" | "Paused" {
  switch (state) {
    case "nostate":
    case "running":
    case "blocked":
    // The guest has powered itself off and QEMU is about to end.
    case "shutdown":
    case "shutoff":
      return "Running";
    case "paused":
      return heldFor.includes(reason) ? "Held" : "Paused";
    case "crashed":
    case "pmsuspended":
      return "Paused";
  }
}
