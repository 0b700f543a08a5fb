// SPDX-License-Identifier: Apache-2.0
/**
 * A card behind passt, the network in user mode, to compare with. No restricted pod lets it run (ADR 0015),
 * so it is started by root, in a network namespace of its own beside the guest's pod with a wire to the same
 * node.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { uid } from "../../../operator/guest-image/testing/server-pod.ts";
import type { PodNetworkWorld } from "../../../operator/src/testing/pod-network-world.ts";
import { until } from "../../../operator/src/testing/until.ts";
import { debianRootfs } from "../../image/rootfs.ts";

/** A guest's way out by passt: it takes the address of the namespace that passt runs in. */
export interface Passt {
  readonly process: ChildProcess;
  /** Of the guest, as the node reaches it, and of the node there. */
  readonly address: string;
  readonly nodeAddress: string;
  /** Of the guest's card: passt's own default, since its connections end at passt. */
  readonly mtu: number;
  /** A domain with this card as its last. */
  addCard(domain: string): string;
}

const address = "10.7.0.2";
const nodeAddress = "10.7.0.1";
const mac = "52:54:00:00:00:07";
const socketName = "passt.sock";
/** Waits for a line, so that the wire is there when it begins. In a mere chroot there are no user namespaces. */
const script = `
read go
mount --bind "$1" "$1"
mount --bind "$2" "$1/mnt"
mount --bind /proc "$1/proc"
mount --bind /dev "$1/dev"
cd "$1"
shift 2
pivot_root . .
umount -l .
exec passt --socket /mnt/${socketName} "$@"
`;
const wireScript = `
until [ "$(readlink /proc/$PASST/ns/net)" != "$(readlink /proc/$OUTSIDE/ns/net)" ]; do sleep 0.01; done
ip link add node2 mtu "$MTU" type veth peer name eth0 mtu "$MTU" netns "$PASST"
ip address add ${nodeAddress}/24 dev node2
ip link set node2 up
nsenter --net="/proc/$PASST/ns/net" sh -euc '
  ip link set lo up
  ip address add ${address}/24 dev eth0
  ip link set eth0 up
  ip route add default via ${nodeAddress}
'
`;

/** Starts passt and lets this port through to the guest, which is to be started then. */
export async function startPasst(
  world: PodNetworkWorld,
  { mtu, port }: { readonly mtu: number; readonly port: string },
): Promise<Passt> {
  const rootfs = await debianRootfs({
    name: "bench-passt",
    packagesPath: "hack/bench/net/passt-packages.txt",
  });
  const { directory } = world.pod;
  const options = [
    "--foreground",
    "--quiet",
    "--ipv4-only",
    "--no-map-gw",
    "--runas",
    `${uid}:${uid}`,
  ];
  const ports = ["--tcp-ports", port, "--udp-ports", port];
  const passt = spawn(
    "setpriv",
    [
      ...["--pdeathsig=KILL", "unshare", "--net", "--mount", "sh", "-euc", script, "passt"],
      ...[rootfs, directory, ...options, ...ports],
    ],
    { stdio: ["pipe", "inherit", "inherit"] },
  );
  const variables = [`MTU=${mtu}`, `PASST=${passt.pid}`, `OUTSIDE=${process.pid}`];
  await world.onNode("env", ...variables, "sh", "-euc", wireScript);
  passt.stdin?.end("go\n");
  const socket = join(directory, socketName);
  // QEMU is another user.
  const isOpen = (): Promise<boolean> =>
    chmod(socket, 0o666).then(
      () => true,
      () => false,
    );
  await until("passt listens", isOpen);
  return { process: passt, address, nodeAddress, mtu: 65_520, addCard };
}

function addCard(domain: string): string {
  // Behind a port in a slot that libvirt gives to none of its own, and that guests look into last.
  const args = [
    ...["-netdev", `stream,id=passt,server=off,addr.type=unix,addr.path=/data/${socketName}`],
    ...["-device", "pcie-root-port,id=passt,chassis=99,addr=0x1e"],
    ...["-device", `virtio-net-pci,netdev=passt,mac=${mac},bus=passt`],
  ];
  const commandLine = args.map((arg) => `<qemu:arg value="${arg}"/>`).join("");
  return domain
    .replace("<domain ", '<domain xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0" ')
    .replace("</domain>", `<qemu:commandline>${commandLine}</qemu:commandline></domain>`);
}
