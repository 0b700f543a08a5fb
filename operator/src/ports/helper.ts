// SPDX-License-Identifier: Apache-2.0

/** Bounds of one command. Each is the kernel's: it holds even when the agent dies meanwhile. */
export interface CommandLimits {
  /** The command is killed after this time by the wall clock, and the call throws TimedOut. */
  readonly timeoutSeconds: number;
  /** CPU time, all threads together. The command is killed when it is used up. */
  readonly cpuSeconds: number;
  /** Address space. */
  readonly memoryMib: number;
  /** Largest file that the command may write. 0 lets it write none. */
  readonly fileSizeMib: number;
}

export interface CommandOptions {
  readonly limits: CommandLimits;
  /** User and group id to run as; the helper's own by default. Never root. */
  readonly uid?: number;
}

/** How a command ended that was started. A command killed by a limit has 128 + the signal's number. */
export interface CommandResult {
  readonly exitCode: number;
  /** At most 1 MiB; a command that says more is killed. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The helper container: libvirt's and QEMU's programs of the guest image, without any right. There
 * the agent runs what reads untrusted bytes. It sees the guests' directories in {@link helperPath}
 * `guests` and the image cache, read-only, where server pods see it.
 */
export interface Helper {
  /**
   * Runs a program of the guest image with its arguments, no shell between. Throws Unavailable while
   * the helper is not up, TimedOut when the time is over; the effect is not known then.
   */
  run(argv: readonly string[], options: CommandOptions): Promise<CommandResult>;
  /** Socket of the helper's own libvirtd, which has no domains: for what the host is capable of. */
  readonly libvirtSocket: string;
}

/** Paths as commands in the helper see them. */
export const helperPath = {
  guests: "/data/guests",
  images: "/data/images",
  devices: "/data/dev",
} as const;
