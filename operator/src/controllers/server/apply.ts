// SPDX-License-Identifier: Apache-2.0
import type { Guest, Server } from "../../api/kinds.ts";
import { fieldManager, finalizer } from "../../api/names.ts";
import type { IpamClaim } from "../../core/guest/network/address-claim.ts";
import { type PodChoice, type PodPolicy, serverPod } from "../../core/guest/pod.ts";
import { mergePatch } from "../../core/lib/merge-patch.ts";
import type { Step } from "../../core/server/steps.ts";
import { AlreadyExists, NotServed, Refused } from "../../ports/errors.ts";
import { type KubeStore, resources } from "../../ports/kube.ts";
import { ifPresent } from "../absence.ts";

const writer = { fieldManager: fieldManager.operator };

/** Does the steps of one plan, in order. What fails is thrown, and ends the pass. */
export class StepApplier {
  readonly #kube: KubeStore;
  readonly #podPolicy: PodPolicy;
  readonly #guests: Map<string, Guest>;
  #server: Server;

  /** `server` and `guests` as they were observed; each write builds on the answer of the last. */
  constructor(kube: KubeStore, podPolicy: PodPolicy, server: Server, guests: readonly Guest[]) {
    this.#kube = kube;
    this.#podPolicy = podPolicy;
    this.#server = server;
    this.#guests = new Map(guests.map((guest) => [guest.metadata.name, guest]));
  }

  async apply(step: Step): Promise<void> {
    switch (step.kind) {
      case "AddFinalizer":
        return this.#setFinalizers([...this.#finalizers(), finalizer]);
      case "RemoveFinalizer":
        return this.#setFinalizers(this.#finalizers().filter((name) => name !== finalizer));
      case "WriteStatus":
        return this.#writeStatus(step.status);
      case "CreatePod":
        return this.#createPod(step.guest, step.choice);
      case "MarkPod": {
        const { name, uid } = step.pod;
        // The uid has it fail for another pod of the same name.
        const change = { metadata: { uid, ...step.change } };
        await ifPresent(this.#kube.patch(resources.pods, this.#ref(name), change, writer));
        return;
      }
      case "DeletePod": {
        const { name, uid } = step.pod;
        await ifPresent(this.#kube.delete(resources.pods, this.#ref(name), { uid }));
        return;
      }
      case "CreateGuest":
      case "PatchGuest":
      case "DeleteGuest":
      case "AbandonGuest":
        return this.#applyToGuest(step);
    }
  }

  async #applyToGuest(step: Extract<Step, { readonly guest: Guest }>): Promise<void> {
    const { metadata } = step.guest;
    const ref = this.#ref(metadata.name);
    const { resourceVersion, uid, finalizers = [] } = metadata;
    switch (step.kind) {
      case "CreateGuest":
        this.#guests.set(
          metadata.name,
          await this.#kube.create(resources.guests, step.guest, writer),
        );
        break;
      case "PatchGuest": {
        const spec = mergePatch(step.guest.spec, { ...step.guest.spec, ...step.spec });
        const change = { metadata: { resourceVersion }, spec };
        await this.#kube.patch(resources.guests, ref, change, writer);
        break;
      }
      case "DeleteGuest":
        await ifPresent(this.#kube.delete(resources.guests, ref, uid === undefined ? {} : { uid }));
        break;
      case "AbandonGuest": {
        const others = finalizers.filter((name) => name !== finalizer);
        const change = { metadata: { uid, finalizers: others } };
        await ifPresent(this.#kube.patch(resources.guests, ref, change, writer));
        break;
      }
    }
  }

  #ref(name: string): { readonly namespace?: string; readonly name: string } {
    const { namespace } = this.#server.metadata;
    return namespace === undefined ? { name } : { namespace, name };
  }

  #finalizers(): readonly string[] {
    return this.#server.metadata.finalizers ?? [];
  }

  async #setFinalizers(finalizers: readonly string[]): Promise<void> {
    const { name, resourceVersion } = this.#server.metadata;
    const change = { metadata: { resourceVersion, finalizers } };
    this.#server = await this.#kube.patch(resources.servers, this.#ref(name), change, writer);
  }

  async #writeStatus(status: NonNullable<Server["status"]>): Promise<void> {
    const { metadata } = this.#server;
    const next = { ...this.#server, metadata, status };
    this.#server = await this.#kube.updateStatus(resources.servers, next, writer);
  }

  async #createPod(name: string, choice: PodChoice): Promise<void> {
    const guest = this.#guests.get(name);
    if (guest === undefined) throw new Error(`bug: the pod of Guest ${name} comes before it`);
    for (const claim of choice.claims) await this.#ensureClaim(claim);
    const pod = serverPod(this.#server, guest, this.#podPolicy, choice);
    await this.#kube.create(resources.pods, pod, writer);
  }

  /** Its name tells whose it is: one that is there is the server's own. */
  async #ensureClaim(claim: IpamClaim): Promise<void> {
    try {
      await this.#kube.create(resources.ipamClaims, claim, writer);
    } catch (error) {
      if (error instanceof AlreadyExists) return;
      if (!(error instanceof NotServed)) throw error;
      const message = `network ${claim.spec.network} keeps addresses by IPAMClaims, but the cluster has no such kind: install it`;
      throw new Refused("NetworkFailed", message, error);
    }
  }
}
