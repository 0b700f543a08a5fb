// SPDX-License-Identifier: Apache-2.0
/** What no VM control plane can undercut: a bare pod of the guest image and one libvirt create in it. */
import { chown, copyFile, mkdtemp, rm, symlink } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Guest } from "../../operator/src/api/kinds.ts";
import { systemClock } from "../../operator/src/adapters/clock/system-clock.ts";
import { createLibvirtClient } from "../../operator/src/adapters/libvirt/client.ts";
import { buildDomain } from "../../operator/src/core/guest/build.ts";
import { serverPod } from "../../operator/src/core/guest/pod.ts";
import { domainXml } from "../../operator/src/core/guest/xml.ts";
import { type Pod, resources } from "../../operator/src/ports/kube.ts";
import { aServer } from "../../operator/src/testing/builders.ts";
import type { BenchWorld } from "./world.ts";

export interface FloorPod {
  /** Waits for libvirtd and creates the domain; resolves when its vCPUs run. */
  startDomain(): Promise<void>;
  remove(): Promise<void>;
}

const readySecondsMax = 60;

export async function createFloorPod(world: BenchWorld, name: string): Promise<FloorPod> {
  const guest = { ...world.aGuest(), metadata: { name, namespace: world.namespace } };
  const created = await world.store.create(resources.pods, barePod(guest, world.release.guest), {
    fieldManager: "bench",
  });
  const uid = created.metadata.uid ?? "";
  const ref = { namespace: world.namespace, name };
  return {
    startDomain: async () => {
      const volumes = await volumesOf(world, ref, uid);
      // The path of a UNIX socket has 108 bytes at most, so the way there is a short link.
      const link = join(await mkdtemp(join(tmpdir(), "floor-")), "v");
      await symlink(volumes, link);
      try {
        await waitFor(join(link, "run/ready"));
        await copyFile(world.tenant.world.image.path, join(link, "vm/disk.qcow2"));
        await chown(join(link, "vm/disk.qcow2"), guest.spec.uid, guest.spec.uid);
        await createDomain(join(link, "run/libvirt/libvirt-sock"), guest);
      } finally {
        await rm(join(link, ".."), { recursive: true });
      }
    },
    remove: async () => {
      await world.tenant.kubectl(
        ...["delete", "pod", "-n", world.namespace, name, "--force", "--grace-period=0"],
      );
    },
  };
}

async function createDomain(socket: string, guest: Guest): Promise<void> {
  const connection = await createLibvirtClient(systemClock).connect(socket, { timeoutSeconds: 10 });
  try {
    await connection.createDomain(domainXml(buildDomain(bareGuest(guest), "qemu")));
  } finally {
    connection.close();
  }
}

/** Without the config drive that the pod makes and the network cards that the agent connects. */
function bareGuest({ spec, ...guest }: Guest): Guest {
  const { configDrive: _, ...domain } = spec.domain;
  return { ...guest, spec: { ...spec, domain: { ...domain, networks: [] } } };
}

/** The pod of a server without what makes it ours: its directories are empty ones of its own. */
function barePod(guest: Guest, guestImage: string): Pod {
  const choice = { isAccelerated: false, claims: [] };
  const { spec, apiVersion, kind } = serverPod(aServer(), guest, { guestImage }, choice);
  const { affinity: _, ...rest } = spec;
  const [container] = spec.containers;
  return {
    apiVersion,
    kind,
    metadata: guest.metadata,
    spec: {
      ...rest,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          ...container,
          volumeMounts: [
            { name: "run", mountPath: "/data/run" },
            { name: "vm", mountPath: "/data/vm" },
            ...(container?.volumeMounts ?? []).filter(isNotOurs),
          ],
        },
      ],
      volumes: [
        // On disk: what a node mounts, such as memory, is not seen from outside.
        { name: "run", emptyDir: {} },
        { name: "vm", emptyDir: {} },
        ...spec.volumes.filter(isNotOurs),
      ],
    },
  };
}

/** All but the guest's directory, which the agent mounts. */
const isNotOurs = ({ name }: { readonly name: string }): boolean => name !== "guest";

async function volumesOf(
  world: BenchWorld,
  ref: { namespace: string; name: string },
  uid: string,
): Promise<string> {
  for (;;) {
    const { spec } = await world.store.get(resources.pods, ref);
    if (spec.nodeName !== undefined) {
      const path = `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~empty-dir`;
      return world.cluster.node(spec.nodeName).hostPath(path);
    }
    await sleep(20);
  }
}

async function waitFor(path: string): Promise<void> {
  const deadline = performance.now() + readySecondsMax * 1000;
  while (!existsSync(path)) {
    if (performance.now() > deadline) throw new Error(`${path} did not appear`);
    await sleep(10);
  }
}
