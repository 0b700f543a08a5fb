// SPDX-License-Identifier: Apache-2.0
import type { AssumedClaim } from "../../core/scheduler/claims.ts";

/** Servers and Guests, indexed by the user id of their pods. */
interface UserIdSources {
  readonly servers: { byIndex(index: "userId", uid: string): readonly unknown[] };
  readonly guests: { byIndex(index: "userId", uid: string): readonly unknown[] };
  /** Guests that have no object. */
  readonly testimonies: { hasUser(uid: number): boolean };
}

/** User ids of server pods: the first, and how many. */
export interface UserIdRange {
  readonly uidFirst: number;
  readonly uidCount: number;
}

/** User ids that servers may have: each at most one server's. The leader alone hands them out. */
export class UserIds {
  readonly #sources: UserIdSources;
  readonly #range: UserIdRange;
  /** How far from the first the last free one was: those before it are likely taken. */
  #offset: number;

  /**
   * @param chance in [0, 1): where to begin. Each leader begins elsewhere: those that a restored API server
   * has forgotten are seldom met before their hosts have spoken.
   */
  constructor(sources: UserIdSources, range: UserIdRange, chance: number) {
    this.#sources = sources;
    this.#range = range;
    this.#offset = Math.floor(chance * range.uidCount);
  }

  /** A user id that no server has; undefined when the range is used up. */
  free(assumed: readonly AssumedClaim[]): number | undefined {
    const { uidFirst, uidCount } = this.#range;
    const promised = new Set(assumed.map(({ uid }) => uid));
    for (let step = 0; step < uidCount; step += 1) {
      const offset = (this.#offset + step) % uidCount;
      const uid = uidFirst + offset;
      if (promised.has(uid) || this.#isTaken(uid)) continue;
      this.#offset = offset;
      return uid;
    }
    return undefined;
  }

  #isTaken(uid: number): boolean {
    const { servers, guests, testimonies } = this.#sources;
    const indexed = String(uid);
    return (
      servers.byIndex("userId", indexed).length > 0 ||
      guests.byIndex("userId", indexed).length > 0 ||
      testimonies.hasUser(uid)
    );
  }
}
