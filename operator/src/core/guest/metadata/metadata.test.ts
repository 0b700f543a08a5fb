// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { aGuest, aServer } from "../../../testing/builders.ts";
import { factsOf } from "./facts.ts";
import { metadataOf } from "./metadata.ts";
import { networkDataOf } from "./network-data.ts";
import type { Entry, Part } from "./recipe.ts";

const nics = [{ mac: "02:00:00:00:00:01", tags: ["front"] }];
const devices = { networkData: networkDataOf([], []), nics };
const { spec } = aGuest();
const domain = { ...spec.domain, hostname: "web.example.org" };

const full = metadataOf(
  factsOf(
    aServer({
      spec: {
        sshKeys: [
          { secret: { name: "keys", key: "id.pub" } },
          { value: "ssh-ed25519 AAAA me@here" },
        ],
        userData: { value: '#!/bin/sh\necho "é"\n' },
        metadata: { "ha:priority": "10", quote: '"\\\n' },
      },
    }),
    domain,
  ),
  devices,
);
const bare = metadataOf(factsOf(aServer(), domain), devices);

/** What the pod makes of it, with a name in the place of what is random or secret. */
function shown(parts: readonly Part[]): string {
  return parts
    .map((part) =>
      typeof part === "string" ? part : part.kind === "random" ? "RANDOM" : part.file,
    )
    .join("");
}

function listing(entries: readonly Entry[]): string {
  return entries
    .map(({ path, isOnDrive, contentType = "-", parts }) =>
      [isOnDrive ? "file" : "page", path, contentType, shown(parts)].join("\n  ").trimEnd(),
    )
    .join("\n")
    .concat("\n");
}

function fileAt(entries: readonly Entry[], path: string): string | undefined {
  const found = entries.find((entry) => entry.isOnDrive && entry.path === path);
  return found && shown(found.parts);
}

function metaDataOf(version: string): Record<string, unknown> {
  return JSON.parse(fileAt(full, `/openstack/${version}/meta_data.json`) ?? "null");
}

describe("metadata", () => {
  test.each([
    ["full", full],
    ["bare", bare],
  ])("of a %s server are those in testdata", async (name, recipe) => {
    const file = join(import.meta.dirname, "testdata", `${name}.txt`);
    await expect(listing(recipe)).toMatchFileSnapshot(file);
  });

  test("of the OpenStack tree are all served, those of the drive's EC2 tree are not", () => {
    const isServed = new Map(
      full.map(({ path, contentType }) => [path, contentType !== undefined]),
    );
    const files = full.filter(({ isOnDrive }) => isOnDrive).map(({ path }) => path);
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter((path) => isServed.get(path) !== path.startsWith("/openstack/"))).toEqual(
      [],
    );
  });

  test.each([
    ["2012-08-10", "random_seed", false],
    ["2013-04-04", "random_seed", true],
    ["2013-10-17", "project_id", false],
    ["2015-10-15", "project_id", true],
    ["2015-10-15", "devices", false],
    ["2016-06-30", "devices", true],
    ["2018-08-27", "dedicated_cpus", false],
    ["2020-10-14", "dedicated_cpus", true],
    ["latest", "dedicated_cpus", true],
  ])("of version %s: meta_data.json has %s: %s", (version, member, isThere) => {
    expect(Object.hasOwn(metaDataOf(version), member)).toBe(isThere);
  });

  test.each([
    ["2013-04-04", ["meta_data.json", "user_data"]],
    ["2013-10-17", ["meta_data.json", "user_data", "vendor_data.json"]],
    ["2015-10-15", ["meta_data.json", "user_data", "vendor_data.json", "network_data.json"]],
    [
      "2016-10-06",
      ["meta_data.json", "user_data", "vendor_data.json", "network_data.json", "vendor_data2.json"],
    ],
  ])("of version %s are %j", (version, names) => {
    const under = `/openstack/${version}/`;
    const paths = full.map(({ path }) => path).filter((path) => path.startsWith(under));
    expect(paths.map((path) => path.slice(under.length))).toEqual(names);
  });

  test("keep the host name as it was given, and the instance id is the guest's uuid", () => {
    expect(metaDataOf("latest")).toMatchObject({
      uuid: domain.uuid,
      hostname: "web.example.org",
      meta: { "ha:priority": "10", quote: '"\\\n' },
      public_keys: { "keys/id.pub": "ssh-key-0", "key-1": "ssh-ed25519 AAAA me@here" },
    });
  });

  test("have no user data where there are none, rather than empty ones", () => {
    const paths = bare.map(({ path }) => path);
    expect(paths.filter((path) => /user.data/.test(path))).toEqual([]);
  });
});
