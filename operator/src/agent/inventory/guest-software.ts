// SPDX-License-Identifier: Apache-2.0
import {
  type DomainCapabilities,
  readDomainCapabilities,
} from "../../core/hypervisor/domain-capabilities.ts";
import { guestImageName, guestImageRecordPath } from "../../core/hypervisor/guest-image.ts";
import { Unavailable } from "../../ports/errors.ts";
import type { Helper } from "../../ports/helper.ts";
import type { Libvirt, LibvirtVersions } from "../../ports/libvirt.ts";

/** What new server pods run, as the helper has it. */
export interface GuestSoftware {
  /** Name of the guest image: the same name, the same software. */
  readonly guestImage: string;
  readonly versions: LibvirtVersions;
  readonly capabilities: DomainCapabilities;
}

const readLimits = { timeoutSeconds: 10, cpuSeconds: 5, memoryMib: 512, fileSizeMib: 0 };
const connectTimeoutSeconds = 10;

/** Asks the helper what it holds, and libvirt there what it can do. */
export class GuestSoftwareReader {
  readonly #helper: Helper;
  readonly #libvirt: Libvirt;
  #known: GuestSoftware | undefined;

  constructor(helper: Helper, libvirt: Libvirt) {
    this.#helper = helper;
    this.#libvirt = libvirt;
  }

  /** Throws Unavailable while the helper is not up. */
  async read(): Promise<GuestSoftware> {
    const guestImage = await this.#guestImage();
    if (this.#known?.guestImage !== guestImage) {
      this.#known = { guestImage, ...(await this.#askLibvirt()) };
    }
    return this.#known;
  }

  async #guestImage(): Promise<string> {
    const argv = ["cat", guestImageRecordPath];
    const { exitCode, stdout } = await this.#helper.run(argv, { limits: readLimits });
    const name = exitCode === 0 ? guestImageName(stdout) : undefined;
    if (name === undefined) throw new Unavailable("the helper runs no guest image of this product");
    return name;
  }

  async #askLibvirt(): Promise<Omit<GuestSoftware, "guestImage">> {
    const options = { timeoutSeconds: connectTimeoutSeconds };
    const connection = await this.#libvirt.connect(this.#helper.libvirtSocket, options);
    try {
      const versions = await connection.getVersions();
      // The helper has no /dev/kvm. What is read of the answer does not depend on it.
      const query = { machine: "q35", virtType: "qemu" } as const;
      const capabilities = readDomainCapabilities(await connection.getDomainCapabilities(query));
      return { versions, capabilities };
    } finally {
      connection.close();
    }
  }
}
