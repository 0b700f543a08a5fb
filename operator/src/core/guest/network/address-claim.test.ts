// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { aGuest } from "../../../testing/builders.ts";
import { addressClaims } from "./address-claim.ts";
import { readDefinition } from "./definition.ts";

const lasting = JSON.stringify({ name: "tenant", type: "ovn", allowPersistentIPs: true });
const attachmentOf = (name: string) =>
  name === "lasting" ? readDefinition(name, lasting) : readDefinition(name, '{"name":"lan"}');

function guestWith(networkAttachment: { readonly name: string; readonly address?: string }) {
  const { domain } = aGuest().spec;
  const back = { name: "back", mac: "52:54:00:00:00:02", networkAttachment };
  return aGuest({ spec: { domain: { ...domain, networks: [...domain.networks, back] } } });
}

describe("the claim of a lasting address", () => {
  test("is the Server's, named for it and its network, and speaks of the pod's interface", () => {
    const guest = guestWith({ name: "lasting" });
    expect(addressClaims(guest, attachmentOf)).toEqual([
      {
        apiVersion: "k8s.cni.cncf.io/v1alpha1",
        kind: "IPAMClaim",
        metadata: {
          name: "web-5e12e.back",
          namespace: "team",
          labels: { "kilonova.io/server-uid": guest.spec.server.uid },
          ownerReferences: [
            {
              apiVersion: "kilonova.io/v1alpha1",
              kind: "Server",
              name: "web",
              uid: guest.spec.server.uid,
              controller: true,
            },
          ],
        },
        spec: { network: "tenant", interface: "net1" },
      },
    ]);
  });

  test("is not made where the network keeps none, is not there, or the spec says the address", () => {
    expect(addressClaims(guestWith({ name: "plain" }), attachmentOf)).toEqual([]);
    expect(addressClaims(guestWith({ name: "lasting" }), () => undefined)).toEqual([]);
    const asked = guestWith({ name: "lasting", address: "10.8.0.7/24" });
    expect(addressClaims(asked, attachmentOf)).toEqual([]);
  });
});

describe("a NetworkAttachmentDefinition", () => {
  test.each([
    ["{}", { network: "nad", keepsAddresses: false }],
    ['{"name":"lan","allowPersistentIPs":false}', { network: "lan", keepsAddresses: false }],
    ['{"name":7,"allowPersistentIPs":"true"}', { network: "nad", keepsAddresses: false }],
    ["{", { network: "nad", keepsAddresses: false }],
    ["null", { network: "nad", keepsAddresses: false }],
    [undefined, { network: "nad", keepsAddresses: false }],
  ])("whose configuration is %s", (config, attachment) => {
    expect(readDefinition("nad", config)).toEqual(attachment);
  });
});
