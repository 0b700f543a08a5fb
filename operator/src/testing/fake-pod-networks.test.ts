// SPDX-License-Identifier: Apache-2.0
import { FakePodNetworks } from "./fake-pod-networks.ts";
import { describePodNetworksConformance } from "./pod-networks.conformance.ts";

describePodNetworksConformance("fake", async () => {
  const networks = new FakePodNetworks();
  const pod = { podUid: "0f5c2a52", uid: 10_000 };
  return {
    readLinks: () => networks.readLinks(pod),
    setUp: (setup) => networks.setUp(pod, setup),
  };
});
