// SPDX-License-Identifier: Apache-2.0
import type { Guest } from "../../api/kinds.ts";
import {
  baseDirectory,
  guestDirectory,
  type Incarnation,
  type NodePaths,
  podDirectory,
  serverDirectory,
} from "../../core/guest/paths.ts";
import { podTree } from "../../core/guest/pod-tree.ts";
import {
  judgePublish,
  type PodClaim,
  podOfTarget,
  readPodClaim,
} from "../../core/guest/publish.ts";
import type { Logger } from "../../platform/logging.ts";
import { Refused } from "../../ports/errors.ts";
import { type KubeStore, resources } from "../../ports/kube.ts";
import type { Mounts } from "../../ports/mounts.ts";
import type { PublishRequest, VolumeNode } from "../../ports/plugin-sockets.ts";
import type { ReleasedTokens } from "../../ports/released-tokens.ts";
import type { PodRecords } from "./pod-records.ts";
import { Serial } from "./serial.ts";
import { passage, readable } from "./prepare-node.ts";
import { isPublished, publishTree, unpublishTree } from "./tree.ts";

export interface GuestVolumesOptions {
  readonly kube: KubeStore;
  readonly mounts: Mounts;
  readonly records: PodRecords;
  readonly paths: NodePaths;
  readonly nodeName: string;
  readonly released: Pick<ReleasedTokens, "has">;
  readonly log: Logger;
}

/** Brings guests' directories into their pods, and takes them out again: protocol P3. */
export class GuestVolumes implements VolumeNode {
  readonly #options: GuestVolumesOptions;
  readonly #serial = new Serial();

  constructor(options: GuestVolumesOptions) {
    this.#options = options;
  }

  /** Waits for nothing slow: an image that has to be fetched first is the Guest's concern. */
  async publish({ targetPath, volumeContext }: PublishRequest): Promise<void> {
    const claim = readPodClaim(targetPath, volumeContext);
    if (!claim.ok) throw new Refused(claim.reason, claim.message);
    await this.#serial.run(claim.value.podUid, () => this.#publish(claim.value));
  }

  /** Needs no API server: a node that lost it can still end its pods. */
  async unpublish({ targetPath }: { readonly targetPath: string }): Promise<void> {
    const podUid = podOfTarget(targetPath);
    if (podUid === undefined) throw new Refused("PodRefused", `${targetPath} is no pod's volume`);
    await this.#serial.run(podUid, async () => {
      const { mounts, records, paths, log } = this.#options;
      await unpublishTree(mounts, podDirectory(paths.pods, podUid), targetPath);
      await records.remove(podUid);
      log.info({ pod: podUid }, "guest directory taken out of a pod");
    });
  }

  async #publish(claim: PodClaim): Promise<void> {
    const { mounts, records, paths, log } = this.#options;
    const { podUid, targetPath } = claim;
    // The kubelet asks again after it was restarted: what stands needs no permission anew.
    const isKnown = records.get(podUid) !== undefined;
    if (isKnown && (await isPublished(mounts, podDirectory(paths.pods, podUid), targetPath)))
      return;
    const guest = await this.#permittedGuest(claim);
    const directories = await this.#makeDirectories(guest);
    // Before the first mount, so that every tree has its record.
    await records.add(podUid, claim);
    const tree = podTree(paths, podUid, { ...directories, uid: guest.spec.uid });
    await publishTree(mounts, tree, targetPath);
    records.announce(podUid);
    log.info({ pod: podUid, guest: claim.name }, "guest directory mounted into its pod");
  }

  async #permittedGuest({ namespace, name }: PodClaim): Promise<Guest> {
    const { kube, nodeName, released } = this.#options;
    const guest = await kube.get(resources.guests, { namespace, name });
    const verdict = judgePublish(guest, {
      nodeName,
      isReleased: released.has(incarnationOf(guest)),
    });
    if (!verdict.ok) throw new Refused(verdict.reason, verdict.message);
    return guest;
  }

  /** What is in them may come later: the pod sees it then. */
  async #makeDirectories(guest: Guest): Promise<{ directory: string; bases: string }> {
    const { spec } = guest;
    const { mounts, paths } = this.#options;
    const directory = guestDirectory(paths.guests, incarnationOf(guest));
    const bases = baseDirectory(paths.bases, incarnationOf(guest));
    await mounts.makeDirectory(serverDirectory(paths.guests, spec.server.uid), passage);
    await mounts.makeDirectory(directory, { uid: spec.uid, mode: 0o700 });
    await mounts.makeDirectory(bases, readable);
    return { directory, bases };
  }
}

function incarnationOf({ spec }: Guest): Incarnation {
  return { serverUid: spec.server.uid, token: spec.token };
}
