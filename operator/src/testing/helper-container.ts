// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guestRootfs } from "../../../hack/image/guest.ts";
import { until } from "./until.ts";

/** As the chart sets it. */
const uid = 65_533;

/**
 * A container of the guest image as the agent's pod has it: its own root file system and few devices,
 * but the node's processes. `pivot_root` makes its root the root of its mount namespace, as a container
 * runtime does.
 */
const containerScript = `
set -eu
mount --make-rprivate /
mount -t tmpfs container "$BASE/container"
cd "$BASE/container"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=$ROOTFS,upperdir=$PWD/upper,workdir=$PWD/work" root
cd root
mkdir -p data/run data/guests data/images data/dev node
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t tmpfs -o mode=1777 tmp tmp
for name in run guests images dev; do mount --bind "$BASE/$name" "data/$name"; done
mount -o remount,bind,ro data/images
pivot_root . node
exec /usr/bin/setpriv --reuid="$HELPER_UID" --regid="$HELPER_UID" --clear-groups \\
  --bounding-set=-all --inh-caps=-all --no-new-privs /usr/bin/kilonova-init
`;

/**
 * Ends the container when standard input does: when the test run ends, however it ends. In a container
 * the services end with process 1, which init is not here.
 */
const outerScript = `
unshare --mount sh -c "$CONTAINER" <&- &
init=$!
cat > /dev/null
services=$(cat "/proc/$init/task/$init/children")
kill "$init"
wait "$init"
kill -KILL $services
rm -rf "$BASE"
`;

/** The helper container of an agent, for real. Needs root. */
export class HelperContainer {
  readonly uid = uid;
  /** Holds `guests`, `images` and `dev`, which the container sees below /data. */
  readonly base: string;
  readonly #outer: ChildProcess;

  private constructor(base: string, outer: ChildProcess) {
    this.base = base;
    this.#outer = outer;
  }

  /** The runtime directory that the helper shares with the agent. */
  get directory(): string {
    return join(this.base, "run");
  }

  /** Starts the container and waits until its libvirtd answers. */
  static async start(): Promise<HelperContainer> {
    const base = await mkdtemp(join(tmpdir(), "helper-"));
    for (const name of ["container", "run", "guests", "images", "dev"])
      await mkdir(join(base, name));
    await chown(join(base, "run"), uid, uid);
    const outer = spawn("sh", ["-c", outerScript], {
      env: {
        PATH: process.env["PATH"],
        CONTAINER: containerScript,
        BASE: base,
        ROOTFS: await guestRootfs(),
        HELPER_UID: String(uid),
      },
      stdio: ["pipe", "ignore", "pipe"],
    });
    let said = "";
    outer.stderr.on("data", (text: Buffer) => (said += text.toString()));
    const container = new HelperContainer(base, outer);
    try {
      await until("the helper answers", () => existsSync(join(base, "run/ready")));
    } catch (error) {
      await container.close();
      throw new Error(said, { cause: error });
    }
    return container;
  }

  /** Ends the container as the kubelet does, and removes what it left. */
  async close(): Promise<void> {
    this.#outer.stdin?.end();
    await once(this.#outer, "exit");
  }
}
