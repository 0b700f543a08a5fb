// SPDX-License-Identifier: Apache-2.0
import { FakeClock } from "./fake-clock.ts";
import { FakeKube } from "./fake-kube.ts";
import { describeKubeStoreConformance } from "./kube-store.conformance.ts";
import { SeededRandom } from "./seeded-random.ts";

describeKubeStoreConformance("fake", async () => {
  const clock = new FakeClock();
  const store = new FakeKube({ clock, random: new SeededRandom(1) });
  return {
    store,
    createNamespace: async () => undefined,
    elapse: (seconds) => clock.advance(seconds * 1000),
    forgetHistory: async () => store.compact(),
    close: async () => undefined,
  };
});
