// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import type { ConnectedNetwork } from "../../api/v1alpha1/network.ts";
import { fieldManager, finalizer } from "../../api/names.ts";
import { buildDomain } from "../../core/guest/build.ts";
import { rootDiskSize } from "../../core/guest/disk.ts";
import type { GuestRecord } from "../../core/guest/record.ts";
import type { GuestStep } from "../../core/guest/view.ts";
import { domainXml } from "../../core/guest/xml.ts";
import { keyOf } from "../../platform/object-key.ts";
import { Refused, Unavailable } from "../../ports/errors.ts";
import type { GuestDisks } from "../../ports/guest-disks.ts";
import type { ImageSource } from "../../ports/image-cache.ts";
import { type KubeStore, resources } from "../../ports/kube.ts";
import type { LibvirtConnection } from "../../ports/libvirt.ts";
import type { PodMount } from "../../ports/pod-mounts.ts";
import { incarnationOf, type Senses } from "./observe.ts";
import { unlessGone } from "./unless-gone.ts";

/** What effects go through. */
export interface Hands extends Senses {
  readonly kube: KubeStore;
  readonly disks: GuestDisks;
  readonly images: Senses["images"] & {
    fetch(source: ImageSource): void;
    used(digest: string): Promise<void>;
  };
}

/** Does one step. Throws PortError; what was done of it then is seen by the next observation. */
export async function apply(guest: Guest, step: GuestStep, hands: Hands): Promise<void> {
  switch (step.kind) {
    case "FetchImage":
      return hands.images.fetch(guest.spec.image.http);
    case "CreateDisk":
      return createDisk(guest, hands);
    case "ConnectNetworks":
      return connectNetworks(guest, step.kept, hands);
    case "Start":
      return start(guest, step.virtType, hands);
    case "Resume":
      return begin(guest, await wayTo(guest, hands), hands);
    case "Adopt":
      return record(guest, (await wayTo(guest, hands)).pod, hands);
    case "AskShutdown":
      return askShutdown(guest, hands);
    case "Destroy":
      return destroy(guest, hands);
    case "Release":
      return hands.released.add(incarnationOf(guest));
    case "RemoveFiles":
      return hands.files.remove(incarnationOf(guest));
    case "RemoveFinalizer":
      return removeFinalizer(guest, hands);
  }
}

async function createDisk(guest: Guest, { files, disks, images }: Hands): Promise<void> {
  const { image, uid, rootDiskGib } = guest.spec;
  const incarnation = incarnationOf(guest);
  const base = image.http.checksum;
  const header = await disks.inspect(base, image.format);
  const size = rootDiskSize({ rootDiskGib }, header);
  if (!size.ok) throw new Refused(size.reason, size.message);
  // First the record: it is what keeps the base of the disk in the cache.
  await files.writeRecord(incarnation, recordOf(guest));
  await images.used(base);
  await files.makeDirectory(incarnation, uid);
  const { sizeBytes } = size;
  await disks.createRootDisk({ incarnation, uid, base, baseFormat: image.format, sizeBytes });
}

async function connectNetworks(
  guest: Guest,
  kept: readonly ConnectedNetwork[],
  { mounts, networks }: Hands,
): Promise<void> {
  const pod = mounts.current(guest.metadata);
  if (pod === undefined) throw new Unavailable(`the pod of guest ${keyOf(guest)} is gone`);
  await networks.connect(guest, pod, kept);
}

async function start(guest: Guest, virtType: "kvm" | "qemu", hands: Hands): Promise<void> {
  const way = await wayTo(guest, hands);
  const xml = domainXml(buildDomain(guest, virtType));
  // Also for a disk that was made by an agent that showed all images to every pod.
  await hands.files.showBase(incarnationOf(guest), guest.spec.image.http.checksum);
  await hands.files.writeDomainXml(incarnationOf(guest), xml);
  // Held: a guest of which there is no record has not executed anything, whenever the agent dies.
  await way.connection.createDomain(xml, ["paused"]);
  await begin(guest, way, hands);
}

interface Way {
  readonly pod: PodMount;
  readonly connection: LibvirtConnection;
}

async function begin(guest: Guest, { pod, connection }: Way, hands: Hands): Promise<void> {
  await record(guest, pod, hands);
  await connection.resumeDomain(guest.spec.domain.uuid);
}

function record(guest: Guest, pod: PodMount, { files, host }: Hands): Promise<void> {
  const boot = {
    number: guest.spec.boot,
    hostBootId: host.view().bootId,
    podUid: pod.podUid,
  };
  return files.writeRecord(incarnationOf(guest), { ...recordOf(guest), boot });
}

function recordOf({ metadata, spec }: Guest): GuestRecord {
  const { namespace = "", name, uid = "" } = metadata;
  const imageDigest = spec.image.http.checksum;
  return { namespace, name, guestUid: uid, uid: spec.uid, imageDigest };
}

async function askShutdown(guest: Guest, hands: Hands): Promise<void> {
  const { pod, connection } = await wayTo(guest, hands);
  await hands.runtime.announceShutdown(pod);
  // Remembered first: a guest that cannot be asked has its time all the same.
  hands.memory.shutdownAsked(keyOf(guest));
  await unlessGone(connection.shutdownDomain(guest.spec.domain.uuid, "acpi"));
}

async function destroy(guest: Guest, hands: Hands): Promise<void> {
  const { pod, connection } = await wayTo(guest, hands);
  await hands.runtime.announceShutdown(pod);
  await unlessGone(connection.destroyDomain(guest.spec.domain.uuid, "forced"));
}

async function removeFinalizer(guest: Guest, { kube, files }: Hands): Promise<void> {
  const { metadata, spec } = guest;
  const incarnation = incarnationOf(guest);
  const kept = spec.disks === "Keep" ? await files.readRecord(incarnation) : undefined;
  // Nothing else tells a disk that shall stay from one whose Guest was lost.
  if (kept !== undefined) await files.writeRecord(incarnation, { ...kept, isRetained: true });
  const finalizers = metadata.finalizers?.filter((name) => name !== finalizer) ?? [];
  const { resourceVersion } = metadata;
  const patch = { metadata: { finalizers, resourceVersion } };
  await kube.patch(resources.guests, metadata, patch, { fieldManager: fieldManager.agent });
}

async function wayTo(guest: Guest, { mounts, sessions }: Hands): Promise<Way> {
  const pod = mounts.current(guest.metadata);
  const connection = pod && (await sessions.connection(keyOf(guest), pod));
  if (pod === undefined || connection === undefined) {
    throw new Unavailable(`libvirt of guest ${keyOf(guest)} does not answer`);
  }
  return { pod, connection };
}
