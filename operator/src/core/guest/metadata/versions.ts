// SPDX-License-Identifier: Apache-2.0

/** Versions of the OpenStack tree, the oldest first. Source: nova-semantics 8.5. */
export const openstackVersions = [
  "2012-08-10",
  "2013-04-04",
  "2013-10-17",
  "2015-10-15",
  "2016-06-30",
  "2016-10-06",
  "2017-02-22",
  "2018-08-27",
  "2020-10-14",
  "2025-04-04",
  "latest",
] as const;

/** Versions of the EC2 tree that the service knows, the oldest first. */
export const ec2Versions = [
  "1.0",
  "2007-01-19",
  "2007-03-01",
  "2007-08-29",
  "2007-10-10",
  "2007-12-15",
  "2008-02-01",
  "2008-09-01",
  "2009-04-04",
  "latest",
] as const;

/** Those of the EC2 tree that a config drive has. Source: nova config_drive_skip_versions. */
export const ec2DriveVersions = ["2009-04-04", "latest"] as const;

/**
 * Whether the tree of `version` has what came in with `since`. Dates compare as they are spelled, and
 * `latest` and `1.0` stand at the right ends of them.
 */
export function hasSince(version: string, since: string): boolean {
  return version >= since;
}
