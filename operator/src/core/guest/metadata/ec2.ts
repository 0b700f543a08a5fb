// SPDX-License-Identifier: Apache-2.0
import type { Facts, SshKey } from "./facts.ts";
import { type Entry, listEntry, type Part } from "./recipe.ts";
import { ec2DriveVersions, ec2Versions, hasSince } from "./versions.ts";

/** A value, as the metadata service answers with it and as it stands in JSON. */
interface Leaf {
  readonly text: readonly Part[];
  readonly json: readonly Part[];
}

type Node = Leaf | Tree;

/** Named values. `listedAs`: how a name with others below is written in the list of its parent. */
interface Tree {
  readonly listedAs?: string;
  readonly members: Readonly<Record<string, Node>>;
}

/**
 * The EC2 tree: on a config drive a file of JSON, in the service a page for each value and a list for each
 * name with others below. Source: nova-semantics 8.5.
 */
export function ec2Entries(facts: Facts): readonly Entry[] {
  return [...ec2DriveVersions.flatMap((version) => filesOf(version, facts)), ...pages(facts)];
}

function filesOf(version: string, facts: Facts): Entry[] {
  const { userData } = facts;
  const file = (name: string, parts: readonly Part[]): Entry => ({
    path: `/ec2/${version}/${name}`,
    isOnDrive: true,
    parts,
  });
  const data = file("meta-data.json", jsonOf(metaData(version, facts)));
  return userData === undefined ? [data] : [data, file("user-data", [userData])];
}

function pages(facts: Facts): Entry[] {
  const { userData } = facts;
  const trees = ec2Versions.flatMap((version) => {
    const members = {
      "meta-data": metaData(version, facts),
      ...(userData !== undefined && { "user-data": { text: [userData], json: [] } }),
    };
    return pagesOf(`/${version}`, { members });
  });
  return [listEntry("/", ec2Versions), ...trees];
}

/**
 * What Amazon's service would tell. Differs: ids are made of the server's uuid, since no database numbers
 * servers, and a server has no security groups and no address but its own.
 */
function metaData(version: string, facts: Facts): Tree {
  const { hostname, availabilityZone, flavorName, localIpv4, sshKeys } = facts;
  const id = facts.uuid.slice(0, 8);
  const since = (first: string, members: Tree["members"]): Tree["members"] =>
    hasSince(version, first) ? members : {};
  return {
    members: {
      "ami-id": leaf(`ami-${id}`),
      "ami-launch-index": leaf(0),
      "ami-manifest-path": leaf("FIXME"),
      "instance-id": leaf(`i-${id}`),
      hostname: leaf(hostname),
      "local-ipv4": leaf(localIpv4),
      "reservation-id": leaf(`r-${id}`),
      "security-groups": { text: [], json: ["[]"] },
      ...(sshKeys.length > 0 && { "public-keys": publicKeys(sshKeys) }),
      ...since("2007-01-19", {
        "local-hostname": leaf(hostname),
        "public-hostname": leaf(hostname),
        "public-ipv4": leaf(""),
      }),
      ...since("2007-08-29", { "instance-type": leaf(flavorName) }),
      ...since("2007-12-15", { "block-device-mapping": blockDevices }),
      ...since("2008-02-01", {
        placement: { members: { "availability-zone": leaf(availabilityZone) } },
      }),
      ...since("2008-09-01", { "instance-action": leaf("none") }),
    },
  };
}

const blockDevices: Tree = { members: { ami: leaf("vda"), root: leaf("/dev/vda") } };

/** A key is listed by number and name; what is below it is found by the number alone. */
function publicKeys(sshKeys: readonly SshKey[]): Tree {
  const keys = sshKeys.map(({ name, raw, json }, index): [string, Tree] => {
    const key = { text: [raw], json: ['"', json, '"'] };
    return [String(index), { listedAs: `${index}=${name}`, members: { "openssh-key": key } }];
  });
  return { members: Object.fromEntries(keys) };
}

function leaf(value: string | number): Leaf {
  return { text: [String(value)], json: [JSON.stringify(value)] };
}

function jsonOf(node: Node): readonly Part[] {
  if (!("members" in node)) return node.json;
  const { listedAs, members } = node;
  const named = listedAs === undefined ? members : { _name: leaf(listedAs), ...members };
  const parts = Object.entries(named).flatMap(([name, member], index) => [
    `${index === 0 ? "" : ", "}${JSON.stringify(name)}: `,
    ...jsonOf(member),
  ]);
  return ["{", ...parts, "}"];
}

function pagesOf(path: string, node: Node): Entry[] {
  if (!("members" in node)) {
    return [{ path, isOnDrive: false, contentType: "text/plain", parts: node.text }];
  }
  const members = Object.entries(node.members).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const names = members.map(([name, member]) => listed(name, member));
  return [
    listEntry(path, names),
    ...members.flatMap(([name, member]) => pagesOf(`${path}/${name}`, member)),
  ];
}

function listed(name: string, node: Node): string {
  return "members" in node ? (node.listedAs ?? `${name}/`) : name;
}
