// SPDX-License-Identifier: Apache-2.0
/** The CSI node service against the real kernel: needs root, and no libvirt. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { aGuest } from "../../testing/builders.ts";
import { MountNamespace } from "../../testing/mount-namespace.ts";

const podUid = "11111111-0000-4000-8000-000000000001";
const laterPodUid = "11111111-0000-4000-8000-000000000002";
const { metadata, spec } = aGuest();

let node: MountNamespace;

beforeAll(async () => {
  node = await MountNamespace.start();
});
afterAll(() => node.close());

const volumeOf = (pod: string) =>
  `${node.base}/kubelet/pods/${pod}/volumes/kubernetes.io~csi/guest`;
const targetOf = (pod: string) => `${volumeOf(pod)}/mount`;
const treeOf = (pod: string) => `${node.base}/kilonova/p/${pod}`;
const guestDirectory = () => `${node.base}/kilonova/guests/${spec.server.uid}/${spec.token}`;

function requestOf(pod: string) {
  return {
    targetPath: targetOf(pod),
    volumeContext: {
      guest: metadata.name,
      "csi.storage.k8s.io/pod.uid": pod,
      "csi.storage.k8s.io/pod.name": metadata.name,
      "csi.storage.k8s.io/pod.namespace": metadata.namespace ?? "",
      "csi.storage.k8s.io/ephemeral": "true",
    },
  };
}

const publish = (pod = podUid, callsMax?: number) =>
  node.agent("publish", requestOf(pod), callsMax);
const unpublish = (pod = podUid, callsMax?: number) =>
  node.agent("unpublish", requestOf(pod), callsMax);

/** A run in a mount namespace like a container's: it sees what the node mounts, and nothing comes back. */
const inPod = (script: string) =>
  node.run("unshare", "--mount", "--propagation", "slave", "sh", "-c", script);

const inTree = ["", "/images", "/run", "/vm"];
async function expectPublished(pod = podUid): Promise<void> {
  const paths = (await node.mounts()).map(({ path }) => path).toSorted();
  const expected = [treeOf(pod), targetOf(pod)].flatMap((root) =>
    inTree.map((name) => `${root}${name}`),
  );
  expect(paths).toEqual(expected.toSorted());
}

/** Nothing is left of any pod, and the guest's disk is as it was. */
async function expectNothingLeft(): Promise<void> {
  expect(await node.mounts()).toEqual([]);
  const left = await node.run("find", `${node.base}/kubelet`, "-name", "mount");
  expect(left.stdout).toBe("");
  expect((await node.run("ls", "-A", `${node.base}/kilonova/p`)).stdout).toBe("");
  const disk = await node.run("cat", `${guestDirectory()}/disk`);
  expect(disk.stdout).toBe("precious");
}

async function writeDisk(): Promise<void> {
  await node.run("sh", "-c", `printf precious > ${guestDirectory()}/disk`);
}

beforeEach(async () => {
  for (const pod of [podUid, laterPodUid]) await node.run("mkdir", "-p", volumeOf(pod));
  await publish();
  await writeDisk();
  await unpublish();
  await expectNothingLeft();
});

describe("a pod's volume, on the real kernel", () => {
  test("shows the guest's directory to its user alone", async () => {
    await publish();
    await expectPublished();
    expect((await inPod(`cat ${targetOf(podUid)}/vm/disk`)).stdout).toBe("precious");
    const owners = await node.run(
      "stat",
      "-c",
      "%u %a",
      guestDirectory(),
      `${targetOf(podUid)}/run`,
    );
    expect(owners.stdout).toBe(`${spec.uid} 700\n${spec.uid} 700\n`);
    await unpublish();
    await expectNothingLeft();
  });

  test("shows of the node's images the guest's own, read-only, as soon as it is there", async () => {
    const [own, other] = ["a".repeat(64), "b".repeat(64)];
    const cache = `${node.base}/kilonova/images`;
    const seen = `${targetOf(podUid)}/images`;
    await publish();
    await node.run("sh", "-c", `for name in ${own} ${other}; do echo base > ${cache}/$name; done`);
    const look = `
      unshare --mount --propagation slave sh -c '
        ls ${seen} > ${node.base}/before
        while [ ! -e ${seen}/${own} ]; do sleep 0.02; done; ls ${seen} > ${node.base}/after' \
        </dev/null >/dev/null 2>&1 &
      while [ ! -e ${node.base}/before ]; do sleep 0.02; done`;
    await node.run("sh", "-c", look);
    await node.showBase(`sha256:${own}`);
    const lookedUp = () => node.run("sh", "-c", `cat ${node.base}/before ${node.base}/after`);
    await expect.poll(async () => (await lookedUp()).stdout).toBe(`${own}\n`);
    const harm = await inPod(`touch ${seen}/x; rm -f ${seen}/${own}; echo > ${seen}/${own}`);
    expect(harm.stderr.match(/Read-only file system/g)).toHaveLength(3);
    expect((await inPod(`cat ${seen}/${own}; ls ${seen}`)).stdout).toBe(`base\n${own}\n`);
    await node.run("sh", "-c", `rm ${cache}/* ${node.base}/kilonova/bases/*/*`);
    await unpublish();
    await expectNothingLeft();
  });

  test("holds neither programs nor devices that work", async () => {
    await publish();
    for (const place of ["run", "vm"]) {
      const path = `${targetOf(podUid)}/${place}/tool`;
      const ran = await inPod(`cp /bin/true ${path}; ${path}; echo $?; rm -f ${path}`);
      expect(ran.stdout).toBe("126\n");
    }
    await unpublish();
    await expectNothingLeft();
  });

  test("does not lead out of it by a symbolic link that the pod planted", async () => {
    await publish();
    await node.run("ln", "-s", "/etc/passwd", `${treeOf(podUid)}/run/terminating`);
    const read = await node.run("cat", `${treeOf(podUid)}/run/terminating`);
    expect(read.exitCode).not.toBe(0);
    expect(read.stderr).toContain("Too many levels of symbolic links");
    await unpublish();
    await expectNothingLeft();
  });

  test("shows at once what is mounted in hotplug later, also after the agent was replaced", async () => {
    await publish();
    const script = `
      unshare --mount --propagation slave sh -c '
        for i in $(seq 100); do [ -e ${targetOf(podUid)}/hotplug/a/new ] && exit 0; sleep 0.05; done
        exit 1' &
      sleep 0.2
      mkdir ${treeOf(podUid)}/hotplug/a
      mount -t tmpfs later ${treeOf(podUid)}/hotplug/a && touch ${treeOf(podUid)}/hotplug/a/new
      wait $!`;
    expect((await node.run("sh", "-c", script)).exitCode).toBe(0);
    await publish();
    await unpublish();
    await expectNothingLeft();
  });

  test("goes although a process hangs in it, which keeps what it has open", async () => {
    await publish();
    const hold = `
      unshare --mount --propagation slave sh -c '
        exec 3<${targetOf(podUid)}/vm/disk; touch ${node.base}/holding
        while [ ! -e ${node.base}/let-go ]; do sleep 0.02; done; cat <&3 > ${node.base}/read' \\
        </dev/null >/dev/null 2>&1 &
      while [ ! -e ${node.base}/holding ]; do sleep 0.02; done`;
    await node.run("sh", "-c", hold);
    await unpublish();
    await expectNothingLeft();
    await node.run("touch", `${node.base}/let-go`);
    await expect
      .poll(async () => (await node.run("cat", `${node.base}/read`)).stdout)
      .toBe("precious");
  });

  test("is not hit when an older pod's is taken down late", async () => {
    await publish(podUid);
    await publish(laterPodUid);
    await unpublish(podUid);
    await expectPublished(laterPodUid);
    await unpublish(laterPodUid);
    await expectNothingLeft();
  });

  test("is published a second time without a second mount", async () => {
    await publish();
    await publish();
    await expectPublished();
    await unpublish();
    await unpublish();
    await expectNothingLeft();
  });
});

describe("an agent that is killed after any of its steps, on the real kernel", () => {
  test("while it publishes is followed by one that finishes", async () => {
    const steps = await publish();
    await unpublish();
    for (let step = 1; step <= steps; step += 1) {
      await expect(publish(podUid, step)).rejects.toThrow("Killed");
      await publish();
      await expectPublished();
      await unpublish();
      await expectNothingLeft();
    }
  });

  test("while it publishes is followed by one that takes everything down", async () => {
    const steps = await publish();
    await unpublish();
    for (let step = 1; step <= steps; step += 1) {
      await expect(publish(podUid, step)).rejects.toThrow("Killed");
      await unpublish();
      await expectNothingLeft();
    }
  });

  test("while it unpublishes is followed by one that finishes", async () => {
    await publish();
    const steps = await unpublish();
    for (let step = 1; step <= steps; step += 1) {
      await publish();
      await expect(unpublish(podUid, step)).rejects.toThrow("Killed");
      await unpublish();
      await expectNothingLeft();
    }
  });
});
