// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fitTopology } from "./fit.ts";
import type { GuestCell, GuestTopology } from "./guest-topology.ts";
import type { HostCell } from "./host-cell.ts";

const limits = { cpuAllocationRatio: 2, memoryAllocationRatio: 1 };

/** Four shared CPUs and two cores of two threads to be dedicated. */
function aCell(id: number, change: Partial<HostCell> = {}): HostCell {
  const first = id * 8;
  const cpu = (offset: number): number => first + offset;
  return {
    id,
    sharedCpus: [0, 1, 2, 3].map(cpu),
    dedicatedCpus: [4, 5, 6, 7].map(cpu),
    pinnedCpus: new Set(),
    siblings: [
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ].map((core) => core.map(cpu)),
    memoryMib: 4096,
    usedMemoryMib: 0,
    usedCpus: 0,
    pages: [
      { sizeKib: 4, total: 524_288, reserved: 0, used: 0 },
      { sizeKib: 2048, total: 1024, reserved: 0, used: 0 },
    ],
    ...change,
  };
}

const guestCell = (change: Partial<GuestCell> = {}): GuestCell => ({
  sharedCpus: [],
  dedicatedCpus: [],
  memoryMib: 512,
  ...change,
});
const placed = (guest: GuestTopology, ...host: HostCell[]) => fitTopology(guest, host, limits);
const alone = (change: Partial<GuestCell>): GuestTopology => ({ cells: [guestCell(change)] });

describe("a guest's cell", () => {
  test.each<[string, Partial<GuestCell>, Partial<HostCell>, boolean]>([
    ["shares CPUs up to the ratio", { sharedCpus: [0, 1] }, { usedCpus: 6 }, true],
    ["shares no CPU beyond the ratio", { sharedCpus: [0, 1] }, { usedCpus: 7 }, false],
    ["shares no CPU with itself", { sharedCpus: [0, 1, 2, 3, 4] }, {}, false],
    ["has its memory", { memoryMib: 4096 }, {}, true],
    ["is smaller than the host's", { memoryMib: 4097 }, {}, false],
    ["leaves others their memory", { memoryMib: 2048 }, { usedMemoryMib: 2049 }, false],
    ["has large pages", { pageSize: "large", memoryMib: 2048 }, {}, true],
    ["has too few large pages", { pageSize: "large", memoryMib: 2050 }, {}, false],
    ["is no multiple of large pages", { pageSize: 2048, memoryMib: 511 }, {}, false],
    ["has pages that are not there", { pageSize: 1_048_576, memoryMib: 1024 }, {}, false],
    ["falls back to small pages with any", { pageSize: "any", memoryMib: 511 }, {}, true],
    ["has CPUs of its own", { dedicatedCpus: [0, 1, 2, 3] }, {}, true],
    ["has too few of them", { dedicatedCpus: [0, 1] }, { pinnedCpus: new Set([4, 5, 6]) }, false],
    [
      "requires threads of one core",
      { dedicatedCpus: [0, 1], threadPolicy: "require" },
      { pinnedCpus: new Set([4, 6]) },
      false,
    ],
    ["takes any threads", { dedicatedCpus: [0, 1] }, { pinnedCpus: new Set([4, 6]) }, true],
    ["shuns threads", { dedicatedCpus: [0], threadPolicy: "isolate" }, {}, false],
    [
      "is isolated where there are none",
      { dedicatedCpus: [0], threadPolicy: "isolate" },
      { siblings: [4, 5, 6, 7].map((cpu) => [cpu]) },
      true,
    ],
    [
      "with CPUs of its own overcommits no small pages",
      { dedicatedCpus: [0], memoryMib: 2050 },
      {},
      false,
    ],
  ])("%s: %j on %j", (_, guest, host, fits) => {
    expect(placed(alone(guest), aCell(0, host)) !== undefined).toBe(fits);
  });

  test("takes whole cores first", () => {
    const host = aCell(0, { pinnedCpus: new Set([4]) });
    const [cell] = placed(alone({ dedicatedCpus: [0, 1] }), host) ?? [];
    expect(cell?.pins).toEqual(
      new Map([
        [0, 6],
        [1, 7],
      ]),
    );
  });

  test("has one more CPU for isolated emulator threads", () => {
    const guest = { ...alone({ dedicatedCpus: [0, 1, 2] }), emulatorThreads: "isolate" as const };
    expect(placed(guest, aCell(0))?.[0]?.reservedCpus).toEqual([7]);
    expect(placed(guest, aCell(0, { pinnedCpus: new Set([4]) }))).toBeUndefined();
  });

  test("says which pages it takes, the largest first, when it was asked", () => {
    expect(placed(alone({ pageSize: "any" }), aCell(0))?.[0]?.pageSizeKib).toBe(2048);
    expect(placed(alone({}), aCell(0))?.[0]?.pageSizeKib).toBeUndefined();
  });
});

describe("cells of a guest", () => {
  test("go to different cells of the host", () => {
    const guest = { cells: [guestCell(), guestCell()] };
    expect(placed(guest, aCell(0))).toBeUndefined();
    expect(placed(guest, aCell(0), aCell(1))).toHaveLength(2);
  });

  test("make room for each other", () => {
    const picky = guestCell({ dedicatedCpus: [0] });
    const guest = { cells: [guestCell(), picky] };
    const bare = aCell(1, { dedicatedCpus: [] });
    expect(placed(guest, aCell(0), bare)?.map(({ hostCell }) => hostCell)).toEqual([1, 0]);
  });

  test("find a place whenever trying every order does", () => {
    const memory = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(memory, memory, (guests, hosts) => {
        const cells = guests.map((gib) => guestCell({ memoryMib: gib * 1024 }));
        const host = hosts.map((gib, id) => aCell(id, { memoryMib: gib * 1024 }));
        const sorted = (list: readonly number[]) => list.toSorted((one, other) => other - one);
        // The largest beside the largest is the best that any order can do.
        const fits = sorted(guests).every((gib, index) => gib <= (sorted(hosts)[index] ?? 0));
        expect(placed({ cells }, ...host) !== undefined).toBe(fits);
      }),
    );
  });
});
