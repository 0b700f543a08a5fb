// SPDX-License-Identifier: Apache-2.0
import { identityOf } from "../../core/hypervisor/identity.ts";
import { PortError } from "../../ports/errors.ts";
import type { NodeFiles } from "../../ports/node-files.ts";
import type { Random } from "../../ports/random.ts";

/**
 * The hypervisor's uuid: chosen once, and kept on the disk that holds the guests. Throws PortError
 * `IdentityDamaged` rather than choose another one over a file that it cannot read.
 */
export async function readOrChooseUuid(
  files: NodeFiles,
  path: string,
  random: Random,
): Promise<string> {
  const identity = identityOf(await files.read(path));
  switch (identity.kind) {
    case "known":
      return identity.uuid;
    case "damaged":
      throw new PortError(
        "IdentityDamaged",
        `${path} does not hold a uuid: restore it, or remove it to make this a new hypervisor`,
      );
    case "absent": {
      const uuid = random.uuid();
      await files.write(path, `${uuid}\n`);
      return uuid;
    }
  }
}
