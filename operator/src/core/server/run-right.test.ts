// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { Guest } from "../../api/kinds.ts";
import type { Run } from "../../api/v1alpha1/server.ts";
import { aGuest, aServer } from "../../testing/builders.ts";
import { ServerWorld } from "../../testing/server-world.ts";
import { forgottenRun, mayGrant, nextRun } from "./run-right.ts";
import { stateOf } from "./state.ts";

const proof = { domain: "Off", isReleased: true, observedGeneration: 1 } as const;
const named = (token: number) => ({ metadata: { name: `web-5e12e-${token}` }, spec: { token } });
const released = (token: number) => aGuest({ ...named(token), status: proof });
const unproved = (token: number) => aGuest(named(token));
const run = (token: number, state: Run["state"] = "Granted"): Run => {
  return { token, guest: `web-5e12e-${token}`, host: "node-1", state };
};

function stateWith(last: Run | undefined, guests: readonly Guest[]) {
  const status = last === undefined ? {} : { run: last };
  return stateOf({ ...new ServerWorld().observe(), server: aServer({ status }), guests });
}

describe("a run may be granted", () => {
  test.each([
    ["to a server that never had one", undefined, []],
    ["when the last one is recorded as released", run(3, "Released"), []],
    ["when the last one's Guest proves that it is over", run(3), [released(3)]],
    ["when others that are over stand beside it", run(3), [released(2), released(3)]],
  ] as const)("%s", (_, last, guests) => {
    expect(mayGrant(stateWith(last, guests))).toBe(true);
  });
});

describe("a run may not be granted", () => {
  test.each([
    ["while the last one stands", run(3), [unproved(3)]],
    ["while the last one's Guest is missing", run(3), []],
    ["while another Guest may run", run(3, "Released"), [unproved(2)]],
    ["while another Guest may run beside a released one", run(3), [unproved(2), released(3)]],
    ["while a Guest stands that the status does not know", undefined, [unproved(1)]],
  ] as const)("%s", (_, last, guests) => {
    expect(mayGrant(stateWith(last, guests))).toBe(false);
  });
});

describe("the next run", () => {
  test("has a token above all that were seen", () => {
    expect(nextRun(stateWith(undefined, []), "node-2")).toEqual({
      token: 1,
      guest: "web-5e12e-1",
      host: "node-2",
      state: "Granted",
    });
    expect(nextRun(stateWith(run(3, "Released"), []), "node-2").token).toBe(4);
    expect(nextRun(stateWith(run(3), [released(3), released(7)]), "node-2").token).toBe(8);
  });
});

describe("a run that the API server has forgotten", () => {
  const known = (token: number) => {
    const guest = { serverUid: "5e12e", token, uid: 10_000, host: "node-3" };
    return { guest, silentHosts: [] };
  };

  test("goes on with its token, where it is", () => {
    expect(forgottenRun(stateWith(undefined, []), known(2))).toEqual({
      run: { token: 2, guest: "web-5e12e-2", host: "node-3", state: "Granted" },
      uid: 10_000,
    });
    expect(forgottenRun(stateWith(run(1), [released(1)]), known(2))?.run.token).toBe(2);
  });

  test("is none that the API server knows, or has gone beyond", () => {
    expect(forgottenRun(stateWith(run(2), [released(2)]), known(2))).toBeUndefined();
    expect(forgottenRun(stateWith(run(3), [released(3)]), known(2))).toBeUndefined();
    const nothing = { guest: undefined, silentHosts: [] };
    expect(forgottenRun(stateWith(undefined, []), nothing)).toBeUndefined();
  });
});
