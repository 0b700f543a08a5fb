// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { planOrphans, type Suspect } from "./orphans.ts";

const nowMs = Date.parse("2026-01-20T00:00:00Z");
const daySeconds = 24 * 3600;

function suspect(token: number, seenSeconds: number): Suspect {
  return { serverUid: "uid", token, seenSeconds, sinceMs: nowMs - seenSeconds * 1000 };
}

function orphan(ageSeconds: number, seenSeconds: number) {
  const sinceSeconds = nowMs / 1000 - ageSeconds;
  return { serverUid: "uid", token: 1, sinceSeconds, seenSeconds };
}

describe("a directory without a Guest", () => {
  test("is left alone and not spoken of while it may be a moment's matter", () => {
    const plan = planOrphans({ suspects: [suspect(1, 299)], orphans: [], nowMs });
    expect(plan).toEqual({ setAside: [], destroy: [], listed: [], isRefused: false });
  });

  test("is set aside and listed once it was seen so for five minutes", () => {
    const plan = planOrphans({ suspects: [suspect(1, 300)], orphans: [], nowMs });
    expect(plan.setAside).toEqual([{ serverUid: "uid", token: 1 }]);
    expect(plan.listed).toEqual([{ serverUid: "uid", token: 1, since: "2026-01-19T23:55:00Z" }]);
  });

  test("is only listed when there are more than three at once", () => {
    const suspects = [1, 2, 3, 4].map((token) => suspect(token, token === 4 ? 10 : 400));
    const plan = planOrphans({ suspects, orphans: [], nowMs });
    expect(plan.setAside).toEqual([]);
    expect(plan.isRefused).toBe(true);
    expect(plan.listed.map(({ token }) => token)).toEqual([1, 2, 3]);
    const three = planOrphans({ suspects: suspects.slice(0, 3), orphans: [], nowMs });
    expect(three.setAside).toHaveLength(3);
  });
});

describe("an orphan", () => {
  test("is destroyed after seven days", () => {
    const old = orphan(7 * daySeconds, 3600);
    const { serverUid, token, sinceSeconds } = old;
    const plan = planOrphans({ suspects: [], orphans: [old], nowMs });
    expect(plan.destroy).toEqual([{ serverUid, token, sinceSeconds }]);
    expect(plan.listed).toHaveLength(1);
  });

  test.each([
    ["is younger", orphan(7 * daySeconds - 1, 999_999)],
    ["was not seen for an hour by this process, whatever the clock says", orphan(1e9, 3599)],
  ])("is kept when it %s", (_, kept) => {
    expect(planOrphans({ suspects: [], orphans: [kept], nowMs }).destroy).toEqual([]);
  });
});
