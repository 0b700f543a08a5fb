// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { Guest } from "../../api/kinds.ts";
import { aGuest, aHypervisor } from "../../testing/builders.ts";
import { answerClaim, type ClaimBook } from "./claim.ts";

const inventories = aHypervisor().status?.inventory ?? {};

/** A Guest with a claim on memory. The host has 16384 MiB. */
function claimant(
  name: string,
  memoryMib: number,
  change: Parameters<typeof aGuest>[0] = {},
): Guest {
  const server = { name, uid: `uid-of-${name}` };
  return aGuest({
    ...change,
    metadata: { name, ...change.metadata },
    spec: { server, uid: uidOf(name), resources: { MEMORY_MB: memoryMib }, ...change.spec },
  });
}

function uidOf(name: string): number {
  return 1000 + name.charCodeAt(0);
}

function book(...guests: readonly Guest[]): ClaimBook {
  return { guests, peers: guests, inventories, isCommitted: () => false };
}

const accepted = { status: { claim: { state: "Accepted" } } } as const;

describe("a claim", () => {
  test("is accepted when it fits beside those that were accepted", () => {
    const guest = claimant("b", 8192);
    const other = claimant("a", 8192, accepted);
    expect(answerClaim(guest, book(guest, other))).toEqual({ state: "Accepted" });
  });

  test("is refused with what is lacking when it does not", () => {
    const guest = claimant("b", 8193);
    const other = claimant("a", 8192, accepted);
    expect(answerClaim(guest, book(guest, other))).toEqual({
      state: "Refused",
      reason: "ClaimRefused",
      message: "the host lacks 8193 MiB MEMORY_MB",
    });
  });

  test("comes after those that were made earlier and fit, whoever asks first", () => {
    const late = claimant("a", 8192, { metadata: { creationTimestamp: "2026-01-01T00:00:09Z" } });
    const early = claimant("b", 8193, { metadata: { creationTimestamp: "2026-01-01T00:00:01Z" } });
    const hopeless = claimant("c", 99_999);
    const all = book(late, early, hopeless);
    expect(answerClaim(late, all)?.state).toBe("Refused");
    expect(answerClaim(early, all)?.state).toBe("Accepted");
    expect(answerClaim(hopeless, all)?.state).toBe("Refused");
    expect(answerClaim(late, book(late, hopeless))?.state).toBe("Accepted");
  });

  test("of two made in the same second is decided by their names", () => {
    const one = claimant("a", 16_384);
    const other = claimant("b", 16_384);
    expect(answerClaim(one, book(one, other))?.state).toBe("Accepted");
    expect(answerClaim(other, book(other, one))?.state).toBe("Refused");
  });

  test("is held by an acceptance that is only being written", () => {
    const guest = claimant("a", 8193);
    const other = claimant("b", 8192);
    const all = { ...book(guest, other), isCommitted: (one: Guest) => one === other };
    expect(answerClaim(guest, all)?.state).toBe("Refused");
  });

  test("is free again when its holder was refused, released or is going", () => {
    const guest = claimant("b", 16_384);
    const claim = { state: "Refused" } as const;
    const refused = claimant("a", 16_384, { status: { claim } });
    const released = claimant("c", 16_384, { status: { ...accepted.status, isReleased: true } });
    const leaving = claimant("d", 16_384, { spec: { runState: "Absent" } });
    expect(answerClaim(guest, book(guest, refused, released, leaving))?.state).toBe("Accepted");
  });

  test("is answered once", () => {
    const claim = { state: "Refused", reason: "ClaimRefused" } as const;
    const guest = claimant("a", 1, { status: { claim } });
    expect(answerClaim(guest, book(guest))).toEqual(claim);
  });

  test("of a guest whose disk is here is accepted whatever there is room for", () => {
    const guest = claimant("a", 99_999);
    const all = { ...book(guest), inventories: undefined, isCommitted: () => true };
    expect(answerClaim(guest, all)).toEqual({ state: "Accepted" });
  });

  test("waits as long as the host does not know what it has", () => {
    const guest = claimant("a", 1);
    expect(answerClaim(guest, { ...book(guest), inventories: undefined })).toBeUndefined();
  });

  test("is refused to a server with another one's user id", () => {
    const other = claimant("a", 1, accepted);
    const guest = claimant("b", 1, { spec: { uid: uidOf("a") } });
    expect(answerClaim(guest, book(guest, other))?.message).toBe(
      `user id ${uidOf("a")} belongs to server a on this host`,
    );
    const { server } = other.spec;
    const next = claimant("c", 1, { spec: { uid: uidOf("a"), server } });
    expect(answerClaim(next, book(next, other))?.state).toBe("Accepted");
  });
});

type Rule = NonNullable<NonNullable<Guest["spec"]["group"]>["rule"]>;

function member(
  name: string,
  rule: Partial<Rule> | undefined,
  change: Parameters<typeof aGuest>[0] = {},
): Guest {
  const whole = { policy: "anti-affinity", topology: "Host", place: "node-1", ...rule } as const;
  const group = { name: "web", ...(rule !== undefined && { rule: whole }) };
  const spec = { server: { name, uid: `uid-of-${name}` }, group, ...change.spec };
  return claimant(name, 1, { ...change, spec });
}

describe("the claim of a member of a server group", () => {
  const lone = { serversMax: 1 };

  test("is refused where as many members are as may be", () => {
    const guest = member("b", lone);
    const other = member("a", lone, accepted);
    expect(answerClaim(guest, book(guest, other))).toMatchObject({
      state: "Refused",
      message: "host node-1 has 1 of server group web, which allows 1 there",
    });
    const roomy = member("b", { serversMax: 2 });
    expect(answerClaim(roomy, book(roomy, other))?.state).toBe("Accepted");
  });

  test("counts servers of the same group and namespace, and not the server itself", () => {
    const guest = member("b", lone);
    const stranger = member("a", lone, { ...accepted, metadata: { namespace: "others" } });
    const before = member("c", lone, {
      ...accepted,
      spec: { server: { name: "b", uid: "uid-of-b" }, uid: uidOf("b") },
    });
    expect(answerClaim(guest, book(guest, stranger, before))?.state).toBe("Accepted");
  });

  test("of two that are made at once, one is taken, whatever two leaders decided", () => {
    const one = member("a", lone);
    const other = member("b", lone);
    expect(answerClaim(one, book(one, other))?.state).toBe("Accepted");
    expect(answerClaim(other, book(one, other))?.state).toBe("Refused");
  });

  test("has no limit where the policy gives none", () => {
    const guest = member("b", undefined);
    const other = member("a", undefined, accepted);
    expect(answerClaim(guest, book(guest, other))?.state).toBe("Accepted");
  });
});

describe("the claim of a member whose rule is about more than its host", () => {
  const together = { policy: "affinity" } as const;
  const zone = { topology: "Zone", place: "east", serversMax: 1 } as const;
  const answer = (guest: Guest, ...peers: readonly Guest[]) =>
    answerClaim(guest, { ...book(guest), peers: [guest, ...peers] });

  test("is refused away from where a member of an affine group stands", () => {
    const guest = member("b", together);
    const far = member("a", { ...together, place: "node-2" }, accepted);
    expect(answer(guest, far)).toMatchObject({
      state: "Refused",
      message: "server a of server group web is on host node-2, not on node-1",
    });
    expect(answer(guest, member("a", together, accepted))?.state).toBe("Accepted");
  });

  test("is refused in a zone with as many members as may be", () => {
    const guest = member("b", zone);
    expect(answer(guest, member("a", zone, accepted))).toMatchObject({
      state: "Refused",
      message: "zone east has 1 of server group web, which allows 1 there",
    });
    const far = member("a", { ...zone, place: "west" }, accepted);
    expect(answer(guest, far)?.state).toBe("Accepted");
  });

  test("is refused beside one that was not answered yet: it may be taken any moment", () => {
    expect(answer(member("b", zone), member("a", zone))?.state).toBe("Refused");
    expect(answer(member("a", zone), member("b", zone))?.state).toBe("Refused");
  });

  test("does not mind those that were refused, gave the run back, or have no rule", () => {
    const refused = member("a", zone, { status: { claim: { state: "Refused" } } });
    const released = member("c", zone, {
      status: { ...accepted.status, isReleased: true, domain: "Off", observedGeneration: 1 },
    });
    const others = [refused, released, member("d", undefined, accepted)];
    expect(answer(member("b", zone), ...others)?.state).toBe("Accepted");
  });
});
