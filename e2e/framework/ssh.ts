// SPDX-License-Identifier: Apache-2.0
/** SSH to a guest, dialled from inside a node of the cluster. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterNode } from "../../hack/cluster/contract.ts";
import { run, tryRun } from "../../hack/exec.ts";

/** A key pair of a test, in files of its own. */
export class SshKey {
  readonly publicKey: string;
  readonly #directory: string;

  private constructor(directory: string, publicKey: string) {
    this.#directory = directory;
    this.publicKey = publicKey;
  }

  static async make(): Promise<SshKey> {
    const directory = await mkdtemp(join(tmpdir(), "ssh-"));
    const path = join(directory, "id");
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path]);
    return new SshKey(directory, (await readFile(`${path}.pub`, "utf8")).trim());
  }

  /**
   * Runs a command in the guest at the address that the node dials, as the user `debian`. The standard
   * output, or undefined when there is no way in.
   */
  async tryRun(node: ClusterNode, address: string, command: string): Promise<string | undefined> {
    // The shell of the node carries the bytes: this machine has no way to the cluster's addresses.
    const relay = `exec 3<>/dev/tcp/${address}/22 || exit; cat <&3 & cat >&3; kill $!`;
    const proxy = await node.terminalCommand(["bash", "-c", relay]);
    const options = [
      `ProxyCommand=${proxy.map(quoted).join(" ")}`,
      ...["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"],
      ...["ConnectTimeout=60", "LogLevel=ERROR", "IdentitiesOnly=yes"],
    ];
    const result = await tryRun("ssh", [
      ...["-F", "/dev/null", "-i", join(this.#directory, "id")],
      ...options.flatMap((option) => ["-o", option]),
      ...["debian@guest", command],
    ]);
    return result.exitCode === 0 ? result.stdout : undefined;
  }

  remove(): Promise<void> {
    return rm(this.#directory, { recursive: true });
  }
}

/** As a word of a shell, and of ssh, which replaces what begins with a percent sign. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`).replaceAll("%", "%%")}'`;
}
