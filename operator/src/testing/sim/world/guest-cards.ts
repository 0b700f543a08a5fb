// SPDX-License-Identifier: Apache-2.0
import type { FakeGuest } from "../../fake-guest.ts";

/** What a guest knows of one of its cards, as DHCP told it. */
export interface Card {
  readonly mac: string;
  readonly address: string;
  readonly mtu: number;
}

/** A line of the file by which the agent tells the pod's DHCP server what to give out. */
interface Offer extends Card {
  readonly device: string;
}

/** Reads that file as the DHCP server does. */
export function offersIn(leases: string): Offer[] {
  const lines = leases.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [device = "", mac = "", network = "", , mtu = ""] = line.split(" ");
    return { device, mac, address: network.split("/")[0] ?? "", mtu: Number(mtu) };
  });
}

/** The hardware addresses of a QEMU's cards. */
export function macsOf(guest: FakeGuest): readonly string[] {
  const known = macs.get(guest);
  if (known !== undefined) return known;
  const found = [...guest.xml.matchAll(/<mac address=['"]([0-9a-f:]+)/g)].map(
    ([, mac = ""]) => mac,
  );
  macs.set(guest, found);
  return found;
}

/** A domain's XML does not change, and is looked at after every step. */
const macs = new WeakMap<FakeGuest, readonly string[]>();
