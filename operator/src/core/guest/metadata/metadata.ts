// SPDX-License-Identifier: Apache-2.0
import { ec2Files, ec2Pages } from "./ec2.ts";
import type { Facts } from "./facts.ts";
import { type Devices, type OpenstackFile, openstackFiles } from "./openstack.ts";
import type { Page, Recipe } from "./recipe.ts";
import { ec2Versions, openstackVersions } from "./versions.ts";

/** The config drive and the pages of the metadata service: the same content in both. */
export function metadataOf(facts: Facts, devices: Devices): Omit<Recipe, "drive"> {
  const openstack = openstackFiles(facts, devices);
  return {
    files: [
      ...ec2Files(facts),
      ...openstack.map((file) => ({ path: pathOf(file), parts: file.parts })),
    ],
    pages: [
      list("/", ec2Versions),
      ...ec2Pages(facts),
      list("/openstack", openstackVersions),
      ...openstackVersions.map((version) =>
        list(`/openstack/${version}`, namesIn(version, openstack)),
      ),
      ...openstack.map((file) => ({
        path: `/${pathOf(file)}`,
        contentType: file.contentType,
        parts: file.parts,
      })),
    ],
  };
}

function pathOf({ version, name }: OpenstackFile): string {
  return `openstack/${version}/${name}`;
}

function namesIn(version: string, files: readonly OpenstackFile[]): string[] {
  return files.filter((file) => file.version === version).map(({ name }) => name);
}

function list(path: string, names: readonly string[]): Page {
  return { path, contentType: "text/plain", parts: [names.join("\n")] };
}
