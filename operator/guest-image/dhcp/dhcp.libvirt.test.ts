// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../src/testing/until.ts";
import { throwIfUnsound } from "../testing/compiled.ts";
import {
  advertiseSeconds,
  cardMac,
  dhcpMessage,
  dhcpOptions,
  DhcpWorld,
} from "../testing/dhcp-world.ts";

const line = `tap0 ${cardMac} 10.0.2.2/24 10.0.2.1 1450 web.example.org\n`;
const types = { discover: 1, offer: 2, request: 3, acknowledge: 5, refuse: 6, inform: 8 };
const own = [10, 0, 2, 2];
const server = [10, 0, 2, 1];
let world: DhcpWorld;

beforeAll(async () => {
  world = await DhcpWorld.start();
  await world.lease(line);
  const discover = dhcpMessage({ type: types.discover });
  await until("it serves", async () => (await world.ask(discover)) !== undefined);
}, 60_000);

afterAll(async () => {
  await world.close();
  throwIfUnsound(world.stderr);
});

async function typeOfAnswer(message: Parameters<typeof dhcpMessage>[0]) {
  const answer = await world.ask(dhcpMessage(message));
  return answer && dhcpOptions(answer)[53]?.[0];
}

describe("the DHCP server of a server pod", () => {
  test("offers the guest's address with all that the pod knows of its network", async () => {
    const offer = (await world.ask(dhcpMessage({ type: types.discover }))) ?? Buffer.alloc(240);
    expect([...offer.subarray(16, 20)]).toEqual(own);
    expect(offer.readUInt32BE(4)).toBe(0xdeadbeef);
    const searched = "\u0004team\u0003svc\u0007cluster\u0005local\0\u0007cluster\u0005local\0";
    expect(dhcpOptions(offer)).toEqual({
      1: Buffer.from([255, 255, 255, 0]),
      3: Buffer.from(server),
      6: Buffer.from([10, 252, 0, 10]),
      12: Buffer.from("web.example.org"),
      26: Buffer.from([1450 >> 8, 1450 & 255]),
      28: Buffer.from([10, 0, 2, 255]),
      51: Buffer.from([0, 1, 0x51, 0x80]), // a day
      53: Buffer.from([types.offer]),
      54: Buffer.from(server),
      119: Buffer.from(searched),
    });
  });

  test("gives the address to who takes the offer, comes back, or renews", async () => {
    const request = { type: types.request };
    const selecting = { ...request, options: { 50: own, 54: server } };
    expect(await typeOfAnswer(selecting)).toBe(types.acknowledge);
    expect(await typeOfAnswer({ ...request, options: { 50: own } })).toBe(types.acknowledge);
    expect(await typeOfAnswer({ ...request, options: { 50: [10, 0, 2, 9] } })).toBe(types.refuse);
    expect(await typeOfAnswer({ type: types.inform })).toBe(types.acknowledge);
  });

  test("says nothing to other cards, other servers' clients, and no message at all", async () => {
    const stranger = { type: types.discover, mac: "fa:00:00:00:00:02" };
    expect(await typeOfAnswer(stranger)).toBeUndefined();
    const elsewhere = { type: types.request, options: { 50: own, 54: [10, 0, 2, 77] } };
    expect(await typeOfAnswer(elsewhere)).toBeUndefined();
    expect(await typeOfAnswer({ type: 4 })).toBeUndefined();
  });

  test("survives whatever a guest sends", async () => {
    const bytes = fc.uint8Array({ maxLength: 600 });
    const begun = bytes.map((tail) =>
      Buffer.concat([dhcpMessage({ type: 1 }).subarray(0, 240), tail]),
    );
    for (const message of fc.sample(
      fc.oneof(
        bytes.map((one) => Buffer.from(one)),
        begun,
      ),
      150,
    )) {
      void world.ask(Buffer.from(message));
    }
    const isServing = async (): Promise<boolean> =>
      (await typeOfAnswer({ type: types.discover })) === types.offer;
    await until("it serves on", isServing);
    expect(world.stderr).not.toContain("Sanitizer");
  });

  test("tells of the router again and again, also while a guest asks without a pause", async () => {
    await world.lease(line.replace("\n", " ra0 fd7c:4e0d:91b6:2::\n"));
    await until("it tells of it first", async () => (await world.advertisements()) > 0);
    const before = await world.advertisements();
    const end = performance.now() + 3.5 * advertiseSeconds * 1000;
    while (performance.now() < end) await world.ask(dhcpMessage({ type: types.discover }));
    // Three; a busy machine may let one go by.
    expect((await world.advertisements()) - before).toBeGreaterThanOrEqual(2);
  });

  test("names no gateway where there is none", async () => {
    await world.lease(line.replace("10.0.2.1 ", "0.0.0.0 "));
    await until("the offer has no router", async () => {
      const offer = await world.ask(dhcpMessage({ type: types.discover }));
      return offer !== undefined && dhcpOptions(offer)[3] === undefined;
    });
    const options = { 50: own, 54: [169, 254, 169, 254] };
    expect(await typeOfAnswer({ type: types.request, options })).toBe(types.acknowledge);
  });

  test("follows what the agent says now, and serves nothing that makes no sense", async () => {
    await world.lease(line.replace("10.0.2.2/24", "10.0.2.7/24"));
    await until("the address is the new one", async () => {
      const offer = await world.ask(dhcpMessage({ type: types.discover }));
      return offer?.[19] === 7;
    });
    const half = line.replace("\n", " ra0\n");
    const wrong = line.replace("\n", " ra0 fd00::g\n");
    await world.lease(`${"x".repeat(600)}\ntap0 nonsense\n${half}${wrong}`);
    const ask = (): Promise<number | undefined> => typeOfAnswer({ type: types.discover });
    await until("nothing is offered", async () => (await ask()) === undefined);
    await world.lease(line);
    await until("it is offered again", async () => (await ask()) === types.offer);
    expect(world.stderr).not.toContain("Sanitizer");
  });
});
