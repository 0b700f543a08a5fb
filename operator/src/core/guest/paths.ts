// SPDX-License-Identifier: Apache-2.0
import { assert } from "../lib/assert.ts";

/** One incarnation of a Server: what a directory on the node belongs to. */
export interface Incarnation {
  readonly serverUid: string;
  readonly token: number;
}

/** Where the agent keeps its state on every node. */
export const stateRoot = "/var/lib/kilonova";

/** Where everything on a node lies. Every path that the agent opens there is made here. */
export interface NodePaths {
  readonly root: string;
  /** Directories and records of guests. Its file system is what DISK_GB counts. */
  readonly guests: string;
  /** Base images, read-only, each named by the hexadecimal digits of its digest. */
  readonly images: string;
  /** Of each guest, a directory with the base images that its pod may see: links to those above. */
  readonly bases: string;
  /** Images that are being fetched. */
  readonly staging: string;
  /** What server pods have mounted. */
  readonly pods: string;
  /** Device nodes for server pods. */
  readonly devices: string;
  /** Directories that no Guest claims. */
  readonly orphans: string;
  /** The durable file of tokens that never run here again. */
  readonly released: string;
  /** The identity of this hypervisor. */
  readonly hypervisorUuid: string;
  /** How probe guests ended. */
  readonly virtProbe: string;
  /** Held by the one agent of this node. */
  readonly lock: string;
}

/** The paths below `root`. */
export function nodePaths(root: string = stateRoot): NodePaths {
  return {
    root,
    guests: `${root}/guests`,
    images: `${root}/images`,
    bases: `${root}/bases`,
    staging: `${root}/staging`,
    pods: `${root}/p`,
    devices: `${root}/dev`,
    orphans: `${root}/orphans`,
    released: `${root}/released`,
    hypervisorUuid: `${root}/hypervisor-uuid`,
    virtProbe: `${root}/virt-probe.json`,
    lock: `${root}/agent.lock`,
  };
}

/** The directory of a server below {@link NodePaths.guests} or the helper's view of it. */
export function serverDirectory(guests: string, serverUid: string): string {
  return `${guests}/${segment(serverUid)}`;
}

/** The directory of an incarnation, which its pod sees as {@link podPath} `guest` and may fill. */
export function guestDirectory(guests: string, incarnation: Incarnation): string {
  return `${serverDirectory(guests, incarnation.serverUid)}/${tokenSegment(incarnation.token)}`;
}

/** What the pod of an incarnation sees as {@link podPath} `images`, below {@link NodePaths.bases}. */
export function baseDirectory(bases: string, incarnation: Incarnation): string {
  return `${bases}/${segment(incarnation.serverUid)}.${tokenSegment(incarnation.token)}`;
}

/** The agent's own record of an incarnation: beside its directory, out of its pod's reach. */
export function guestRecord(guests: string, incarnation: Incarnation): string {
  return `${guestDirectory(guests, incarnation)}.json`;
}

/** What a guest's directory is called from the moment on that its removal has begun. */
export function removedDirectory(guests: string, incarnation: Incarnation): string {
  return `${guestDirectory(guests, incarnation)}.removed`;
}

/** The incarnation that a directory is of: its place `SERVER_UID/TOKEN`; undefined for other names. */
export function incarnationAt(serverUid: string, name: string): Incarnation | undefined {
  const token = Number(name);
  if (!segmentPattern.test(serverUid) || !/^[1-9]\d*$/.test(name)) return undefined;
  return Number.isSafeInteger(token) ? { serverUid, token } : undefined;
}

/** A directory that no Guest claimed, and when it was set aside. */
export interface Orphan extends Incarnation {
  /** In seconds since 1970. */
  readonly sinceSeconds: number;
}

/** Where a directory is moved to that no Guest claims: when that happened is a part of its name. */
export function orphanDirectory(orphans: string, orphan: Orphan): string {
  const token = tokenSegment(orphan.token);
  return `${orphans}/${segment(orphan.serverUid)}.${token}.${tokenSegment(orphan.sinceSeconds)}`;
}

/** The record of an orphan, beside its directory. */
export function orphanRecord(orphans: string, orphan: Orphan): string {
  return `${orphanDirectory(orphans, orphan)}.json`;
}

/** The orphan that a directory is of; undefined for other names. */
export function orphanAt(name: string): Orphan | undefined {
  const [serverUid = "", token = "", since = "", ...rest] = name.split(".");
  const incarnation = incarnationAt(serverUid, token);
  if (incarnation === undefined || !/^[1-9]\d{0,15}$/.test(since) || rest.length > 0) {
    return undefined;
  }
  return { ...incarnation, sinceSeconds: Number(since) };
}

/** The file of an image in `images`: the cache, as the node or the helper sees it, or what a pod sees. */
export function imageFile(images: string, digest: string): string {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  assert(hex !== undefined, "a digest is sha256: and 64 hexadecimal digits");
  return `${images}/${hex}`;
}

/** What a server pod has mounted, as the node sees it. */
export function podDirectory(pods: string, podUid: string): string {
  return `${pods}/${segment(podUid)}`;
}

/** Paths as the server pod, and so its QEMU, sees them. */
export const podPath = {
  run: "/data/run",
  guest: "/data/vm",
  images: "/data/images",
  disk: "/data/vm/disk.qcow2",
  nvram: "/data/vm/nvram.fd",
  /** Made by the pod's metadata program, which knows the values of Secrets. */
  configDrive: "/data/vm/config-drive",
  /** Where QEMU finds the pod's console service, which listens there. */
  serialSocket: "/data/run/serial0.sock",
} as const;

/** Files of a guest's directory, which its pod may replace by anything. */
export const guestFile = { disk: "disk.qcow2", domainXml: "domain.xml" } as const;

/** Names below a pod's run directory, shared with the pod's init. */
export const runFile = {
  libvirtSocket: "libvirt/libvirt-sock",
  /** Made by init when libvirtd answers. */
  ready: "ready",
  /** Made by init when the pod was asked to end. */
  terminating: "terminating",
  /** What the pod's metadata program says of the config drive: it is made, or waits for something. */
  metadataStatus: "metadata-status",
  /** Touched by the agent while it shuts the guest down. */
  agentStops: "agent-stops",
  /** What the pod's DHCP server gives out. */
  leases: "leases",
  /** libvirt's log of the QEMU of a domain. */
  qemuLog: (domain: string): string => `home/.cache/libvirt/qemu/log/${segment(domain)}.log`,
} as const;

const segmentPattern = /^[A-Za-z0-9](?:[A-Za-z0-9-]|\.(?!\.)){0,252}$/;

function segment(name: string): string {
  assert(segmentPattern.test(name), "a name that becomes a part of a path has no path in it");
  return name;
}

function tokenSegment(token: number): string {
  assert(Number.isSafeInteger(token) && token > 0, "a token is a positive whole number");
  return String(token);
}
