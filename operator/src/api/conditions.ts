// SPDX-License-Identifier: Apache-2.0

/** Every condition type, with what it means. The reference page is generated from this list. */
export const conditionTypes = {
  Ready: "The observed spec is reached: a server that shall be stopped is Ready when it is off.",
  Available: "The guest is running, and ready if the server has a readiness probe.",
  Scheduled: "A hypervisor accepted the server's claim.",
  Drifted: "The spec asks for something that was attempted and will not be tried again by itself.",
  FlavorDrift: "The flavor of this name is no longer the one that the server was built from.",
  RebuildRequired: "The image in the spec is not the one that the server was built from.",
  RestartRequired:
    "The guest runs with something that is another one by now; it gets that when it is stopped and started.",
  PodOutdated: "The server's pod lacks labels or the readiness probe that the Server has by now.",
  Up: "The hypervisor's agent sends its heartbeat.",
  VirtTypeProven: "A probe guest ran under the virtualization type that the hypervisor offers.",
  Satisfied: "The members of the server group stand as its policy asks.",
  IdentityKnown: "The hypervisor's uuid and node are the ones that were acknowledged.",
} as const;

export type ConditionType = keyof typeof conditionTypes;

/** Every reason of a refusal or a condition, with its meaning and its cure. */
export const reasons = {
  AsDesired: "What the spec asks for is so.",
  Progressing: "Work is under way; the message says what is waited for.",
  FlavorNotFound:
    "No Flavor of this name exists or is shared with the namespace. Create or share it: the server goes on.",
  FlavorDisabled: "The Flavor is disabled. Enable it or name another one.",
  FlavorInvalid: "An extra spec of the Flavor is unknown, malformed or not acted on yet.",
  FlavorChanged:
    "A Flavor of the same name was made anew. The server keeps what it was built from.",
  ImageNotFound: "No Image of this name exists in this namespace. Create it: the server goes on.",
  ImageInvalid: "A property of the Image is unknown, malformed or not acted on yet.",
  ServerGroupNotFound:
    "No ServerGroup of this name exists in this namespace. Create it: the server goes on.",
  NetworkAttachmentNotFound:
    "No NetworkAttachmentDefinition of this name exists in this namespace. Create it: the server goes on.",
  AddressInUse:
    "Another server on the same network was first with the hardware or IP address. Delete it, or make this one anew with another address.",
  PolicyViolated:
    "Members stand where the group's policy forbids it. Delete one and make it anew; nothing is moved by itself.",
  ZoneConflict:
    "A host is in two availability zones; the aggregate whose name sorts first counts. Change a selector.",
  ResizeNotOffered: "spec.flavor names another flavor, but resize is not offered yet. Set it back.",
  ServersPinnedElsewhere:
    "A host of the aggregate holds servers that are pinned to another zone. They stay; bring the host back, or ask for this zone in them.",
  HostLeftZone:
    "The server is pinned to a zone that its host is not in any more. It stays there; bring the host back, or ask for the zone that it is in.",
  ZoneChangeNotOffered:
    "spec.availabilityZone names another zone than the server is in. Set it back or leave it out.",
  ImageChanged: "spec.image names another image. Nothing is rebuilt by itself.",
  ImageTooLarge:
    "The image's virtual size or minimum is larger than the flavor's root disk or memory.",
  ImageFetchFailed: "The hypervisor could not fetch the image; it keeps trying.",
  ImageChecksumMismatch: "The bytes fetched are not those that the Image's checksum names.",
  ImageSourceRefused: "The Image's URL leads to an address that images may not come from.",
  NoValidHost: "No hypervisor has room or fits now; tried again when that changes.",
  NeverFits: "No known hypervisor could hold this flavor even if it were empty.",
  ClaimRefused: "The hypervisor refused the claim; the next one is tried.",
  HostUnreachable:
    "The hypervisor's agent does not answer; nothing is started elsewhere by itself.",
  DiskLost:
    "The host gave the incarnation with the disk back for good. Delete the server and make it anew.",
  DiskMissing:
    "The host no longer has the guest's disk where it made it. An administrator finds it under orphans.",
  DiskFailed: "The host could not make or read the guest's disk; the message is the tool's.",
  FileFailed:
    "The host could not write what it must keep of the guest, for example because its disk is full.",
  MetadataIncomplete:
    "A Secret that the server names for its user data or SSH keys is missing or cannot be used. Make it as the message says: the server goes on.",
  PodRefused: "The server pod was refused; the message says by what.",
  PodChangeRefused:
    "The API server did not take a change of the pod's labels or readiness probe; tried again every 15 s. The message says by what, and which field to change.",
  PodUnplaced:
    "The node of the hypervisor did not take the server pod; the message says why. A new server goes to the next hypervisor, one that has a disk waits for room on its own.",
  PodLost: "The server pod went away; the guest is started again with the same disk.",
  HostLost: "The hypervisor restarted; the guest is started again with the same disk.",
  GuestShutdown: "The guest shut itself down and onGuestShutdown says Stop.",
  GuestPaused:
    "The guest's vCPUs stand still, as they do when its host's disk is full. Make room there.",
  GuestCrashed: "The guest's QEMU ended by itself and onCrash says Stop.",
  ProbeFailing: "The guest runs, but its readiness probe does not succeed; the pod's log says why.",
  GuestAgentAbsent:
    "The readiness probe asks the guest's agent, for which the guest has no channel. Name another probe, or build the server anew from an image with hw_qemu_guest_agent=yes.",
  NetworkFailed: "The host could not connect the guest's network; the message says what failed.",
  AddressConflict:
    "The guest's private address is one that its pod needs. Make the server anew with another one.",
  MtuChanged: "The MTU of a network changed under the guest, which keeps the one it was told.",
  StartFailed: "libvirt could not start the guest; the message is libvirt's.",
  PoweredOff: "spec.powerState is Stopped and the guest is off.",
  Deleting: "The server is being deleted; the message says what is waited for.",
  HeartbeatFresh: "The agent's Lease is renewed in time.",
  HeartbeatStale: "The agent's Lease was not renewed in time.",
  NeverReported: "No agent has reported from this node yet.",
  Proven: "The probe guest ran.",
  KvmAbsent: "The node has no /dev/kvm: guests run under TCG, which is slow.",
  KvmProbeFailed: "A probe guest did not run under KVM: guests run under TCG, which is slow.",
  ProbeFailed: "No probe guest ran, not even under TCG; the message is QEMU's.",
  KvmRequired: "spec.virtType is kvm, but the probe guest did not run under it.",
  ChosenByAdministrator: "spec.virtType is qemu.",
  IdentityChanged: "The hypervisor's uuid or node changed. Set spec.acknowledgedUuid to accept it.",
} as const;

export type Reason = keyof typeof reasons;

/** A refusal as a value: core never throws for what users can cause. */
export interface Refusal {
  readonly ok: false;
  readonly reason: Reason;
  readonly message: string;
}
