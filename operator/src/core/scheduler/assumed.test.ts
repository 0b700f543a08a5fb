// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import { aServer } from "../../testing/builders.ts";
import { AssumedClaims } from "./assumed.ts";

const server = aServer();
const claim = { guest: "web-5e12e-1", host: "node-1", resources: { VCPU: 1 }, uid: 7 };
const run = { token: 1, guest: claim.guest, host: claim.host, state: "Granted" } as const;
const granted = aServer({ status: { run } });

describe("an assumed claim", () => {
  let assumed: AssumedClaims;

  beforeEach(() => {
    assumed = new AssumedClaims();
    assumed.add(server, claim);
  });

  test("counts until the cache shows it", () => {
    assumed.seen("team/web", server);
    expect(assumed.list()).toEqual([{ ...claim, namespace: "team" }]);
    assumed.seen("team/web", granted);
    expect(assumed.list()).toEqual([]);
  });

  test("is forgotten with its server", () => {
    assumed.seen("team/web", undefined);
    expect(assumed.list()).toEqual([]);
  });

  test("is forgotten when a fresh read shows that it was not written", () => {
    assumed.read("team/web", granted);
    expect(assumed.list()).toHaveLength(1);
    assumed.read("team/web", server);
    expect(assumed.list()).toEqual([]);
  });

  test("is not touched by other servers", () => {
    assumed.seen("team/db", undefined);
    assumed.read("team/db", undefined);
    expect(assumed.list()).toHaveLength(1);
  });
});
