// SPDX-License-Identifier: Apache-2.0

/** The host's KVM, as it is given to server pods and probe guests. */
export const kvmDevice = { hostPath: "/dev/kvm", name: "kvm" } as const;
