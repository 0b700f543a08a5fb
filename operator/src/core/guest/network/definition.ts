// SPDX-License-Identifier: Apache-2.0

/** A NetworkAttachmentDefinition, as far as decisions depend on it. */
export interface Attachment {
  /** What its plugins call the network. */
  readonly network: string;
  /** Its plugins keep an address for who names an IPAMClaim. */
  readonly keepsAddresses: boolean;
}

/** Reads a definition of that name. What its plugins cannot read is theirs to say. */
export function readDefinition(name: string, config = ""): Attachment {
  const members = membersOf(config);
  const { name: network = name, allowPersistentIPs } = members;
  return {
    network: typeof network === "string" ? network : name,
    keepsAddresses: allowPersistentIPs === true,
  };
}

function membersOf(config: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(config);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
