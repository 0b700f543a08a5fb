// SPDX-License-Identifier: Apache-2.0
/** Only what may be written into a domain again: the XML comes from the tenant's pod. */
const machinePattern = /<type\b[^<>]{0,200}\bmachine=['"](pc-q35-[a-z0-9.-]{1,32})['"]/;

/** The canonical machine type in the XML of a running domain; undefined when it names none of ours. */
export function machineTypeIn(xml: string): string | undefined {
  return machinePattern.exec(xml)?.[1];
}
