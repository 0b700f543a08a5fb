// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Guest } from "../../api/kinds.ts";
import { resources } from "../../ports/kube.ts";
import { aGuest, aServer } from "../../testing/builders.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { FakeKube } from "../../testing/fake-kube.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { StepApplier } from "./apply.ts";

const writer = { fieldManager: "test" };

test("a Guest's spec is what the plan says, without what the plan leaves out", async () => {
  const kube = new FakeKube({ clock: new FakeClock(), random: new SeededRandom(1) });
  const rule = { policy: "anti-affinity", topology: "Host", place: "node-1" } as const;
  const made: Guest = aGuest({
    spec: { group: { name: "web", rule: { ...rule, serversMax: 1 } } },
  });
  const { namespace = "", name } = made.metadata;
  const guest = await kube.create(
    resources.guests,
    { ...made, metadata: { namespace, name } },
    writer,
  );
  const applier = new StepApplier(kube, { guestImage: "guest" }, aServer(), [guest]);
  const group = { name: "web", rule: { ...rule, policy: "affinity" } } as const;
  await applier.apply({ kind: "PatchGuest", guest, spec: { group } });
  const found = await kube.get(resources.guests, { namespace, name });
  expect(found.spec).toEqual({ ...guest.spec, group });
});
