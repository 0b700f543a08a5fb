// SPDX-License-Identifier: Apache-2.0
import type { ForgottenGuest, Testimony } from "../guest/testimony.ts";

/** What a host has said since the leader began. */
export interface HostWord {
  readonly host: string;
  /** Its agent beats. */
  readonly isUp: boolean;
  /** Undefined until it has spoken. */
  readonly testimony: Testimony | undefined;
}

/** What hosts know of a server beyond the API server, which may have been restored from a backup. */
export interface Recall {
  /** The guest of it that began last, on the host that has its disk. */
  readonly guest: (ForgottenGuest & { readonly host: string }) | undefined;
  /** Hosts that may have one, and have not spoken of the server yet. */
  readonly silentHosts: readonly string[];
}

/** What is known of the leader's own time. */
export interface LeaderView {
  /** For how long it leads. */
  readonly ledSeconds: number;
  /** The server was there when it began: of a younger one nothing can be forgotten. */
  readonly isOlder: boolean;
}

/**
 * How long a host that says nothing is waited for: its agent has noticed a restore within two beats, is
 * started anew by its kubelet, the second time after 10 s, lists its Guests and beats again.
 */
const patienceSeconds = 60;

/**
 * Whether a server that the API server knows no guest of may be built, or has to be taken back where it
 * is (protocol P1). A host that is silent longer than that, and does not beat, is not waited for: it
 * would keep every server from being built that was there before its loss.
 */
export function recallOf(
  serverUid: string,
  words: readonly HostWord[],
  { ledSeconds, isOlder }: LeaderView,
): Recall {
  const guests = words.flatMap(({ host, testimony }) =>
    (testimony?.guests ?? [])
      .filter((guest) => guest.serverUid === serverUid)
      .map((guest) => ({ ...guest, host })),
  );
  const isAwaited = ({ isUp, testimony }: HostWord): boolean =>
    testimony === undefined ? isUp || ledSeconds < patienceSeconds : testimony.isCut;
  return {
    guest: guests.toSorted((one, other) => other.token - one.token)[0],
    silentHosts: isOlder ? words.filter(isAwaited).map(({ host }) => host) : [],
  };
}
