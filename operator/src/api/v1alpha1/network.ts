// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { listByKey, setOf, text } from "../bounded.ts";

/** A network card each: more than this no guest of ours was tried with. */
const networksMax = 8;

const networkName = text(1, 63).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const tag = text(1, 60).regex(/^[ -+.0-~-]+$/);

/** A unicast hardware address in lower case. */
const macSchema = text(17, 17).regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/);

const octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const ipv4Schema = text(7, 15).regex(new RegExp(`^${octet}(\\.${octet}){3}$`));

/** With the length of its network's prefix. */
const ipv4NetworkSchema = text(9, 18).regex(
  new RegExp(`^${octet}(\\.${octet}){3}/([1-9]|[12][0-9]|3[0-2])$`),
);

const objectName = text(1, 253).regex(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
);

/** What a user says of one network card. */
const serverNetworkSchema = z.strictObject({
  name: networkName.describe("Name of the network in this server."),
  tag: tag.optional().describe("Device role tag that the guest finds in its metadata."),
  mac: macSchema
    .optional()
    .describe("Hardware address; absent, one is made from the server's uuid and the name."),
  pod: z
    .strictObject({
      address: ipv4Schema
        .optional()
        .describe(
          "The guest's private IPv4 address in a /24 of its own; absent, 10.0.2.2. Choose another one where 10.0.2.0/24 is used by something that the guest must reach.",
        ),
    })
    .optional()
    .describe("The cluster's pod network: the guest is reached at its pod's address."),
  networkAttachment: z
    .strictObject({
      name: objectName.describe("A NetworkAttachmentDefinition in the server's namespace."),
      address: ipv4NetworkSchema
        .optional()
        .describe("The guest's IPv4 address, as 192.0.2.7/24; absent, the one that IPAM gives."),
    })
    .optional()
    .describe("A network of Multus: the guest's card is on its wire."),
});

export type ServerNetwork = z.output<typeof serverNetworkSchema>;

export const serverNetworksSchema = listByKey(serverNetworkSchema, "name", networksMax).describe(
  "Network cards in the order in which the guest gets them. Absent: one, on the pod network. An empty list: none.",
);

/** A network card with nothing left to choose: either on the pod network or on an attachment. */
export const guestNetworkSchema = z.strictObject({
  name: networkName.describe("Name of the network in the Server."),
  tag: tag.optional().describe("Device role tag."),
  mac: macSchema.describe("Hardware address of the guest's card."),
  pod: z
    .strictObject({ address: ipv4Schema.describe("The guest's address behind the pod's.") })
    .optional()
    .describe("A private network behind the pod's address."),
  networkAttachment: z
    .strictObject({
      name: objectName.describe("A NetworkAttachmentDefinition in the server's namespace."),
      address: ipv4NetworkSchema
        .optional()
        .describe("The guest's address; absent, the one that IPAM gave to the pod."),
    })
    .optional()
    .describe("A network of Multus."),
});

export type GuestNetwork = z.output<typeof guestNetworkSchema>;

export const guestNetworksSchema = listByKey(guestNetworkSchema, "name", networksMax);

const addressSchema = text(2, 45);

const mtuSchema = z.int().min(68).max(65_535);

/** What a node says of one network card that it connected. */
const connectedNetworkSchema = z.strictObject({
  name: networkName.describe("Name of the network in the Server."),
  mac: macSchema.describe("Hardware address of the guest's card."),
  mtu: mtuSchema.describe("MTU in bytes that the guest was told at its start."),
  networkMtu: mtuSchema
    .optional()
    .describe("MTU of the network, where it is another one by now than the guest was told."),
  addresses: setOf(addressSchema, 4).describe("The guest's own addresses."),
  reachedAt: setOf(addressSchema, 4).describe(
    "Addresses at which others reach the guest: those of its pod.",
  ),
});

export type ConnectedNetwork = z.output<typeof connectedNetworkSchema>;

export const connectedNetworksSchema = listByKey(connectedNetworkSchema, "name", networksMax);

/** One address of a server, in Nova's words. Source: nova-semantics 8.1. */
const serverAddressSchema = z.strictObject({
  network: networkName.describe("Name of the network in the spec."),
  address: addressSchema.describe("The address."),
  type: z
    .enum(["floating", "fixed"])
    .describe("fixed: the guest has it. floating: it leads to the guest, as its pod's does."),
  mac: macSchema.describe("Hardware address of the guest's card."),
});

export const serverAddressesSchema = z.array(serverAddressSchema).max(networksMax * 8);
