// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, test } from "vitest";
import type { Guest } from "../../api/kinds.ts";
import { guestDirectory, nodePaths } from "../../core/guest/paths.ts";
import { NotFound, Refused, Unavailable } from "../../ports/errors.ts";
import { resources } from "../../ports/kube.ts";
import type { PublishRequest } from "../../ports/plugin-sockets.ts";
import { aGuest } from "../../testing/builders.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { FakeKube } from "../../testing/fake-kube.ts";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { FakeMounts } from "../../testing/fake-mounts.ts";
import { FakeNodeFiles } from "../../testing/fake-node-files.ts";
import { interceptKube } from "../../testing/intercepted-kube.ts";
import { Life } from "../../testing/mortal.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { GuestVolumes } from "./guest-volumes.ts";
import { PodRecords } from "./pod-records.ts";
import { prepareNode } from "./prepare-node.ts";

const paths = nodePaths();
const podUid = "11111111-0000-4000-8000-000000000001";
const laterPodUid = "11111111-0000-4000-8000-000000000002";
const guest = aGuest();
const directory = guestDirectory(paths.guests, {
  serverUid: guest.spec.server.uid,
  token: guest.spec.token,
});
const volumesOf = (pod: string) => `/var/lib/kubelet/pods/${pod}/volumes/kubernetes.io~csi/guest`;

function requestOf(pod: string, context: Record<string, string> = {}): PublishRequest {
  return {
    targetPath: `${volumesOf(pod)}/mount`,
    volumeContext: {
      guest: guest.metadata.name,
      "csi.storage.k8s.io/pod.uid": pod,
      "csi.storage.k8s.io/pod.name": guest.metadata.name,
      "csi.storage.k8s.io/pod.namespace": "team",
      "csi.storage.k8s.io/ephemeral": "true",
      ...context,
    },
  };
}

/** A node, its API server, and one agent after the other. */
class World {
  readonly kube = new FakeKube({ clock: new FakeClock(), random: new SeededRandom(1) });
  readonly mounts = new FakeMounts([paths.root, volumesOf(podUid), volumesOf(laterPodUid)]);
  readonly files = new FakeNodeFiles();
  isReleased = false;
  isCutOff = false;

  async agent(life = new Life()) {
    const log = new FakeLogger();
    await prepareNode(this.mounts, paths);
    const mounts = life.mortal(this.mounts);
    const records = new PodRecords(paths.pods, life.mortal(this.files), log);
    await records.load(mounts);
    const before = () => {
      if (this.isCutOff) throw new Unavailable("no API server");
    };
    const volumes = new GuestVolumes({
      kube: interceptKube(this.kube, { before }),
      mounts,
      records,
      paths,
      nodeName: "node-1",
      released: { has: () => this.isReleased },
      log,
    });
    return { volumes, records };
  }

  async create(change: Parameters<typeof aGuest>[0] = {}): Promise<Guest> {
    const { name } = guest.metadata;
    const metadata = { name, namespace: "team", ...change.metadata };
    const submitted = { ...aGuest(change), metadata };
    return this.kube.create(resources.guests, submitted, { fieldManager: "test" });
  }

  async mounted(): Promise<string[]> {
    const mounts = await this.mounts.list();
    return mounts.map(({ path }) => path).filter((path) => path !== "/");
  }
}

const inTree = ["", "/run", "/vm", "/images"];
const treeOf = (pod: string) => [
  ...inTree.map((name) => `${paths.pods}/${pod}${name}`),
  ...inTree.map((name) => `${volumesOf(pod)}/mount${name}`),
];

let world: World;
beforeEach(() => {
  world = new World();
});

describe("a server pod", () => {
  test("gets its guest's directory, the images read-only, and a place of its own for sockets", async () => {
    await world.create();
    const { volumes } = await world.agent();
    await volumes.publish(requestOf(podUid));
    expect((await world.mounted()).toSorted()).toEqual(treeOf(podUid).toSorted());
    const target = `${volumesOf(podUid)}/mount`;
    const readOnly = (await world.mounts.list()).filter(({ isReadOnly }) => isReadOnly);
    expect(readOnly.map(({ path }) => path)).toContain(`${target}/images`);
    expect(world.mounts.find(target)?.names).toEqual(["hotplug", "images", "run", "vm"]);
    expect(world.mounts.find(`${target}/run`)).toMatchObject({ uid: guest.spec.uid, mode: 0o700 });
    expect(world.mounts.find(`${target}/hotplug`)?.names).toEqual([]);
  });

  test("finds its guest's directory made: its user's alone, below directories of root", async () => {
    await world.create();
    await (await world.agent()).volumes.publish(requestOf(podUid));
    expect(world.mounts.find(directory)).toMatchObject({ uid: guest.spec.uid, mode: 0o700 });
    expect(world.mounts.find(paths.guests)).toMatchObject({ uid: 0, mode: 0o711 });
  });

  test("keeps what it has when the kubelet asks again, even without an API server", async () => {
    await world.create();
    const { volumes } = await world.agent();
    await volumes.publish(requestOf(podUid));
    world.isCutOff = true;
    await volumes.publish(requestOf(podUid));
    await (await world.agent()).volumes.publish(requestOf(podUid));
    expect(await world.mounted()).toHaveLength(8);
  });

  test("that ended leaves nothing behind but its guest's directory, even without an API server", async () => {
    await world.create();
    const { volumes } = await world.agent();
    await volumes.publish(requestOf(podUid));
    world.mounts.addFile(directory, "disk.qcow2");
    world.isCutOff = true;
    await volumes.unpublish(requestOf(podUid));
    expect(await world.mounted()).toEqual([]);
    expect(world.mounts.find(paths.pods)?.names).toEqual([]);
    expect(world.mounts.find(volumesOf(podUid))?.names).toEqual([]);
    expect(world.files.texts.size).toBe(0);
    expect(world.mounts.find(directory)?.names).toEqual(["disk.qcow2"]);
  });

  test("is taken down although a process that hangs still uses its mounts", async () => {
    await world.create();
    const { volumes } = await world.agent();
    await volumes.publish(requestOf(podUid));
    for (const path of treeOf(podUid)) world.mounts.busy.add(path);
    await volumes.unpublish(requestOf(podUid));
    expect(await world.mounted()).toEqual([]);
  });

  test("may be taken down twice, or without ever having been published", async () => {
    const { volumes } = await world.agent();
    await volumes.unpublish(requestOf(podUid));
    await world.create();
    await volumes.publish(requestOf(podUid));
    await volumes.unpublish(requestOf(podUid));
    await volumes.unpublish(requestOf(podUid));
    expect(await world.mounted()).toEqual([]);
  });

  test("is not hit when an older pod of the same name is taken down late", async () => {
    await world.create();
    const { volumes, records } = await world.agent();
    await volumes.publish(requestOf(podUid));
    await volumes.publish(requestOf(laterPodUid));
    expect(records.current({ namespace: "team", name: guest.metadata.name })?.podUid).toBe(
      laterPodUid,
    );
    await volumes.unpublish(requestOf(podUid));
    expect((await world.mounted()).toSorted()).toEqual(treeOf(laterPodUid).toSorted());
    expect(records.current({ namespace: "team", name: guest.metadata.name })?.podUid).toBe(
      laterPodUid,
    );
  });

  test("keeps a directory that somebody put something into: nothing is deleted with its contents", async () => {
    await world.create();
    const { volumes } = await world.agent();
    await world.mounts.makeDirectory(paths.pods, { uid: 0, mode: 0o755 });
    await world.mounts.makeDirectory(`${paths.pods}/${podUid}`, { uid: 0, mode: 0o755 });
    world.mounts.addFile(`${paths.pods}/${podUid}`, "precious");
    await volumes.publish(requestOf(podUid));
    await expect(volumes.unpublish(requestOf(podUid))).rejects.toThrow("not empty");
    expect(world.mounts.find(`${paths.pods}/${podUid}`)?.names).toEqual(["precious"]);
  });
});

describe("a pod is refused", () => {
  const expectRefused = async (request: PublishRequest, message: string | RegExp) => {
    const { volumes } = await world.agent();
    const publishing = volumes.publish(request);
    await expect(publishing).rejects.toBeInstanceOf(Refused);
    await expect(publishing).rejects.toThrow(message);
    expect(await world.mounted()).toEqual([]);
    expect(world.mounts.find(directory)).toBeUndefined();
  };

  test("when there is no such Guest", async () => {
    const { volumes } = await world.agent();
    await expect(volumes.publish(requestOf(podUid))).rejects.toBeInstanceOf(NotFound);
    expect(await world.mounted()).toEqual([]);
  });

  test("when it asks for another pod's Guest", async () => {
    await world.create();
    await expectRefused(
      requestOf(podUid, { "csi.storage.k8s.io/pod.name": "mine" }),
      /Guest mine only/,
    );
  });

  test("when the Guest stands in another namespace", async () => {
    await world.create();
    const { volumes } = await world.agent();
    const request = requestOf(podUid, { "csi.storage.k8s.io/pod.namespace": "other" });
    await expect(volumes.publish(request)).rejects.toBeInstanceOf(NotFound);
  });

  test("when the Guest belongs to another node", async () => {
    await world.create({ spec: { host: "node-2" } });
    await expectRefused(requestOf(podUid), "belongs to the node node-2");
  });

  test("when the Guest is being deleted or shall be absent", async () => {
    await world.create({ spec: { runState: "Absent" } });
    await expectRefused(requestOf(podUid), "being taken down");
    await world.kube.delete(resources.guests, { namespace: "team", name: guest.metadata.name });
    await world.create({ metadata: { finalizers: ["kilonova.io/guest"] } });
    await world.kube.delete(resources.guests, { namespace: "team", name: guest.metadata.name });
    await expectRefused(requestOf(podUid), "being taken down");
  });

  test("when the Guest's token was given back on this node", async () => {
    await world.create();
    world.isReleased = true;
    await expectRefused(requestOf(podUid), "gave its right to run back");
  });

  test("while nobody can say whether it may", async () => {
    await world.create();
    world.isCutOff = true;
    const { volumes } = await world.agent();
    await expect(volumes.publish(requestOf(podUid))).rejects.toBeInstanceOf(Unavailable);
    expect(await world.mounted()).toEqual([]);
  });
});

describe("an agent that is killed at any moment", () => {
  const isDead = () => undefined;

  /** How many calls of ports a whole run makes: one more is one too many. */
  async function momentsOf(run: (agent: Awaited<ReturnType<World["agent"]>>) => Promise<void>) {
    const life = new Life();
    await run(await world.agent(life));
    return life.calls;
  }

  test("while it publishes: the next one finishes, and takes down what it finished", async () => {
    await world.create();
    const moments = await momentsOf(({ volumes }) => volumes.publish(requestOf(podUid)));
    expect(moments).toBeGreaterThan(15);
    for (let moment = 1; moment <= moments; moment += 1) {
      world = new World();
      await world.create();
      await world
        .agent(new Life(moment))
        .then(({ volumes }) => volumes.publish(requestOf(podUid)))
        .catch(isDead);
      const { volumes, records } = await world.agent();
      await volumes.publish(requestOf(podUid));
      expect((await world.mounted()).toSorted()).toEqual(treeOf(podUid).toSorted());
      expect(records.current({ namespace: "team", name: guest.metadata.name })).toBeDefined();
      await volumes.unpublish(requestOf(podUid));
      expect(await world.mounted()).toEqual([]);
    }
  });

  test("while it publishes: the next one can take down what there is", async () => {
    await world.create();
    const moments = await momentsOf(({ volumes }) => volumes.publish(requestOf(podUid)));
    for (let moment = 1; moment <= moments; moment += 1) {
      world = new World();
      await world.create();
      await world
        .agent(new Life(moment))
        .then(({ volumes }) => volumes.publish(requestOf(podUid)))
        .catch(isDead);
      await (await world.agent()).volumes.unpublish(requestOf(podUid));
      expect(await world.mounted()).toEqual([]);
      expect(world.mounts.find(paths.pods)?.names ?? []).toEqual([]);
      expect(world.files.texts.size).toBe(0);
    }
  });

  test("while it unpublishes: the next one finishes, and the guest's disk is there", async () => {
    await world.create();
    const { volumes } = await world.agent();
    await volumes.publish(requestOf(podUid));
    const moments = await momentsOf((agent) => agent.volumes.unpublish(requestOf(podUid)));
    expect(moments).toBeGreaterThan(15);
    for (let moment = 1; moment <= moments; moment += 1) {
      world = new World();
      await world.create();
      await (await world.agent()).volumes.publish(requestOf(podUid));
      world.mounts.addFile(directory, "disk.qcow2");
      await world
        .agent(new Life(moment))
        .then((agent) => agent.volumes.unpublish(requestOf(podUid)))
        .catch(isDead);
      await (await world.agent()).volumes.unpublish(requestOf(podUid));
      expect(await world.mounted()).toEqual([]);
      expect(world.mounts.find(paths.pods)?.names).toEqual([]);
      expect(world.mounts.find(directory)?.names).toEqual(["disk.qcow2"]);
    }
  });

  test("and replaced knows the pods of its predecessor, and those of a boot before no more", async () => {
    await world.create();
    await (await world.agent()).volumes.publish(requestOf(podUid));
    const ref = { namespace: "team", name: guest.metadata.name };
    const next = await world.agent();
    expect(next.records.current(ref)).toEqual({ podUid, directory: `${paths.pods}/${podUid}` });
    const { files } = world;
    world = new World();
    for (const [path, text] of files.texts) world.files.texts.set(path, text);
    const booted = await world.agent();
    expect(booted.records.current(ref)).toBeUndefined();
    expect(world.files.texts.size).toBe(0);
  });

  test("tells those who wait for a pod of a guest when it comes and goes", async () => {
    await world.create();
    const { volumes, records } = await world.agent();
    const seen: (string | undefined)[] = [];
    records.onChange((ref) => seen.push(`${ref.name} ${records.current(ref)?.podUid}`));
    await volumes.publish(requestOf(podUid));
    await volumes.unpublish(requestOf(podUid));
    expect(seen).toEqual([`${guest.metadata.name} ${podUid}`, `${guest.metadata.name} undefined`]);
  });
});
