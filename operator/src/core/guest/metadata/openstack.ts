// SPDX-License-Identifier: Apache-2.0
import type { Facts } from "./facts.ts";
import type { NetworkData } from "./network-data.ts";
import { type Entry, listEntry, type Part, randomSeed } from "./recipe.ts";
import { hasSince, openstackVersions } from "./versions.ts";

/** A device with a role that its owner gave it. */
export interface TaggedNic {
  readonly mac: string;
  readonly tags: readonly string[];
}

/** What is not known of a server but of its devices. */
export interface Devices {
  readonly networkData: NetworkData;
  /** Network cards with a tag, in the guest's order. */
  readonly nics: readonly TaggedNic[];
}

const json = "application/json";

/**
 * The files of every version, each with what that version has, and the service's lists of them.
 * Source: nova-semantics 8.5.
 */
export function openstackEntries(facts: Facts, devices: Devices): readonly Entry[] {
  const trees = openstackVersions.flatMap((version) => {
    const path = `/openstack/${version}`;
    const files = filesOf(version, facts, devices);
    const entries = files.map(({ name, ...rest }) => ({ path: `${path}/${name}`, ...rest }));
    return [
      listEntry(
        path,
        files.map(({ name }) => name),
      ),
      ...entries,
    ];
  });
  return [listEntry("/openstack", openstackVersions), ...trees];
}

interface NamedFile extends Omit<Entry, "path"> {
  readonly name: string;
}

function file(name: string, contentType: string, parts: readonly Part[]): NamedFile {
  return { name, isOnDrive: true, contentType, parts };
}

function filesOf(version: string, facts: Facts, devices: Devices): NamedFile[] {
  const since = (first: string, name: string, content: object): NamedFile[] =>
    hasSince(version, first) ? [file(name, json, [JSON.stringify(content)])] : [];
  const userData =
    facts.userData === undefined
      ? []
      : [file("user_data", "application/octet-stream", [facts.userData])];
  return [
    file("meta_data.json", json, metaData(version, facts, devices)),
    ...userData,
    ...since("2013-10-17", "vendor_data.json", {}),
    ...since("2015-10-15", "network_data.json", devices.networkData),
    ...since("2016-10-06", "vendor_data2.json", { static: {} }),
  ];
}

/**
 * The server's own description. Differs: a server may have several SSH keys, where Nova knows one; there
 * are neither injected files nor a password.
 */
function metaData(version: string, facts: Facts, devices: Devices): Part[] {
  const { uuid, meta, hostname, name, availabilityZone, projectId } = facts;
  const members: (readonly Part[])[] = [
    member("uuid", uuid),
    ...(meta === undefined ? [] : [member("meta", meta)]),
    ...keyMembers(facts),
    member("hostname", hostname),
    member("name", name),
    member("launch_index", 0),
    member("availability_zone", availabilityZone),
  ];
  if (hasSince(version, "2013-04-04")) members.push(['"random_seed": "', randomSeed, '"']);
  if (hasSince(version, "2015-10-15")) members.push(member("project_id", projectId));
  if (hasSince(version, "2016-06-30")) members.push(member("devices", devices.nics.map(nic)));
  if (hasSince(version, "2020-10-14")) members.push(member("dedicated_cpus", []));
  return ["{", ...separated(members), "}"];
}

function keyMembers({ sshKeys }: Facts): (readonly Part[])[] {
  if (sshKeys.length === 0) return [];
  const byName = sshKeys.map(({ name, json: key }) => [`${JSON.stringify(name)}: "`, key, '"']);
  const list = sshKeys.map(({ name, json: key }) => [
    `{"name": ${JSON.stringify(name)}, "type": "ssh", "data": "`,
    key,
    '"}',
  ]);
  return [
    ['"public_keys": {', ...separated(byName), "}"],
    ['"keys": [', ...separated(list), "]"],
  ];
}

/** The address on its bus is libvirt's to choose: the guest finds the card by its MAC. */
function nic({ mac, tags }: TaggedNic): object {
  return { type: "nic", mac, tags, bus: "none", address: "none" };
}

function member(name: string, value: unknown): Part[] {
  return [`${JSON.stringify(name)}: ${JSON.stringify(value)}`];
}

function separated(lists: readonly (readonly Part[])[]): Part[] {
  return lists.flatMap((parts, index) => (index === 0 ? parts : [", ", ...parts]));
}
